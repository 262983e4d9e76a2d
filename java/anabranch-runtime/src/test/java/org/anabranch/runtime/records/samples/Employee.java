package org.anabranch.runtime.records.samples;

/** Inherits fields, and has a constructor that refuses to make an empty one. */
public final class Employee extends Person {
  private final long number;

  /** Creates an employee. */
  public Employee(String name, int age, Address address, long number) {
    super(name, age, address);
    if (number == 0) {
      throw new IllegalArgumentException("an employee has a number");
    }
    this.number = number;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Employee employee && super.equals(other) && number == employee.number;
  }

  @Override
  public int hashCode() {
    return super.hashCode() + Long.hashCode(number);
  }
}
