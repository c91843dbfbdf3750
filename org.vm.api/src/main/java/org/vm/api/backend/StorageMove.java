package org.vm.api.backend;

import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/** A disk on its way to other storage. Any thread. */
@ProviderType
public interface StorageMove {
    /** Data is copied; both are equal, and the configuration changes; the disk is on the new storage; it stays on the old one. */
    enum State { COPYING, SWITCHING, DONE, FAILED, CANCELLED }

    String vm();

    String disk();

    /** The storage that the disk had, for people. */
    String from();

    String to();

    State state();

    /** Why it failed, or what is worth knowing; empty: nothing. */
    String detail();

    /** Bytes that are equal in both. */
    long copied();

    long total();

    /** Ends a move that copies; the disk stays where it is. @return false if it is too late for that */
    boolean cancel();

    /** Completes when it has ended and the storage that is left over is closed; the {@link #state} says how. */
    CompletionStage<StorageMove> ended();
}
