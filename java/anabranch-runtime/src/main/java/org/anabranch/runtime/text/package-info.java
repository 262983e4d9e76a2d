/**
 * Texts about what users have made: short, fit to be sent, and never a failure, whatever their code
 * does.
 *
 * <p>Knows nothing of the rest of the engine.
 */
package org.anabranch.runtime.text;
