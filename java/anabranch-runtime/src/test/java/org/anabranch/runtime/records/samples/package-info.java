/** Classes as users write them. */
package org.anabranch.runtime.records.samples;
