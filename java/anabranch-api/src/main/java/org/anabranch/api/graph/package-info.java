/** The job graph as the streams build it. Internal: users have no need of it. */
package org.anabranch.api.graph;
