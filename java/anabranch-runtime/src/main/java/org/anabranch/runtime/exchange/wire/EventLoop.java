package org.anabranch.runtime.exchange.wire;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;

/** The event loop of a task: hands each connection that is ready to whoever serves it. */
public final class EventLoop implements AutoCloseable {

  /** Serves one connection. Deals with the connection's own failures itself. */
  @FunctionalInterface
  public interface Handler {
    void ready(SelectionKey key);
  }

  private final Selector selector;

  public EventLoop() throws IOException {
    selector = Selector.open();
  }

  public SelectionKey register(SelectableChannel channel, int operations, Handler handler)
      throws IOException {
    channel.configureBlocking(false);
    return channel.register(selector, operations, handler);
  }

  /** Serves what is ready, after waiting for up to {@code timeoutMillis} if nothing is. */
  public void poll(long timeoutMillis) throws IOException {
    if (timeoutMillis <= 0) {
      selector.selectNow(EventLoop::serve);
    } else {
      selector.select(EventLoop::serve, timeoutMillis);
    }
  }

  /** Ends a wait of the task's thread, or the next one. May be called from any thread. */
  public void wakeup() {
    selector.wakeup();
  }

  private static void serve(SelectionKey key) {
    // One handler may have closed the connection of another that was ready too.
    if (key.isValid()) {
      ((Handler) key.attachment()).ready(key);
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
  }
}
