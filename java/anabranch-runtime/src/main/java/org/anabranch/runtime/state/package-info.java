/**
 * State of operators: how it is kept by key, and the form in which a snapshot has it. See {@code
 * docs/design/011-state.md}.
 */
package org.anabranch.runtime.state;
