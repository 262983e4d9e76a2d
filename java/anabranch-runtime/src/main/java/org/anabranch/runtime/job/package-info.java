/** What every part of a worker knows of its job: options, classes, and how it recovers. */
package org.anabranch.runtime.job;
