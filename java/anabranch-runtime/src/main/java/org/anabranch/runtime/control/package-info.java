/** The worker's end of the control stream to the job master. */
package org.anabranch.runtime.control;
