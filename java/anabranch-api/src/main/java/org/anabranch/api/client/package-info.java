/** How jobs get from a streaming context to where they run. */
package org.anabranch.api.client;
