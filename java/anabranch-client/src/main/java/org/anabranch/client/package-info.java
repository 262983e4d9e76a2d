/** Submits the jobs of {@link org.anabranch.api.StreamingContext} to a gateway. Internal. */
package org.anabranch.client;
