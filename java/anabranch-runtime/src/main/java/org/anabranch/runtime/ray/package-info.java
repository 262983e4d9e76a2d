/**
 * The worker as a Ray actor. Nothing here, nor anywhere else in the runtime, needs Ray's Java API:
 * to Ray, an actor is any class.
 */
package org.anabranch.runtime.ray;
