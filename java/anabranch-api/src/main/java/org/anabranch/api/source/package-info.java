/**
 * The sources that come with the engine. Internal: see {@link org.anabranch.api.DataStreamSource}.
 */
package org.anabranch.api.source;
