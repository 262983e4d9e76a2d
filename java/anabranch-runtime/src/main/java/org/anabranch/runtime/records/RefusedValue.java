package org.anabranch.runtime.records;

/**
 * Stands in a batch for a record, or for a key, that has arrived whole, but that a class or a type
 * of this side refuses to become.
 *
 * @param plain what it holds, without the classes of users: an instance is a map of its fields
 * @param error why it could not be made
 */
public record RefusedValue(Object plain, RecordException error) {}
