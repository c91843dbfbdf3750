package org.vm.api.backend;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * A console that keeps its latest output, and that people attach to and leave while its machine runs. This is the
 * person's side; devices see a {@link ConsoleBackend}. As a service it carries the properties {@code vm} (its machine)
 * and {@code name}. Any thread.
 */
public interface AttachableConsole extends ConsoleBackend {
    /** The latest output, oldest first. */
    byte[] recent();

    /**
     * Shows the latest output and all that follows.
     *
     * @param bound bytes kept for a viewer that is slower than the guest; beyond it the oldest are dropped
     */
    Attachment attach(Viewer viewer, int bound);

    /** Types bytes, as many as fit; never blocks. @return bytes taken */
    int type(ByteBuffer keys);

    /** Waits for the guest to take typed bytes. @return whether there is room for more */
    boolean awaitRoom(Duration timeout) throws InterruptedException;

    /** Someone who looks. */
    @FunctionalInterface
    interface Viewer {
        /** Shows output. On a thread of the attachment's own; may block. An exception ends the attachment. */
        void show(byte[] bytes, int offset, int length) throws IOException;
    }

    interface Attachment extends AutoCloseable {
        /** Tells the guest's terminal its size. */
        void resize(int columns, int rows);

        /** Waits until all output so far is shown. @return whether it is */
        boolean drain(Duration timeout) throws InterruptedException;

        /** Leaves; what is not shown yet stays unshown. */
        @Override
        void close();
    }
}
