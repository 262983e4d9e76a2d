package org.anabranch.runtime.records.samples;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;

/** Has a serialization of its own: its field alone is not what it is. */
public final class Secret implements Serializable {
  private static final long serialVersionUID = 1L;

  private transient String word;

  /** Creates a secret. */
  public Secret(String word) {
    this.word = word;
  }

  /** Returns the secret. */
  public String word() {
    return word;
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    out.defaultWriteObject();
    out.writeUTF(word);
  }

  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    word = in.readUTF();
  }
}
