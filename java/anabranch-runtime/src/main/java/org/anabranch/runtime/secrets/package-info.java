/** What is made of a job's secret. */
package org.anabranch.runtime.secrets;
