package org.anabranch.runtime.records.samples;

import java.util.Objects;

/** A plain class with no constructor but a full one, a private final field and a transient one. */
public class Person {
  public String name;
  public Address address;
  private final int age;
  public transient int visits;

  /** Creates a person. */
  public Person(String name, int age, Address address) {
    this.name = Objects.requireNonNull(name);
    this.age = age;
    this.address = address;
    this.visits = 1;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Person person
        && name.equals(person.name)
        && age == person.age
        && Objects.equals(address, person.address);
  }

  @Override
  public int hashCode() {
    return Objects.hash(name, age, address);
  }
}
