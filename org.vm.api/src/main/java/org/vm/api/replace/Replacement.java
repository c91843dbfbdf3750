package org.vm.api.replace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A replacement, as it is at a moment.
 *
 * @param bundle  symbolic name
 * @param from    version before
 * @param to      version that is to be
 * @param devices whose places were kept, as {@code machine/name}
 * @param pause   from the moment in which the devices were suspended until all of them worked again
 * @param detail  what went wrong and at which step, or what is worth knowing; empty: nothing
 */
public record Replacement(Instant time, String bundle, String from, String to, List<String> devices, Duration pause,
        Outcome outcome, String detail) {
    /** The new version works and is watched; works and is trusted; was taken back; nobody has taken the devices' places. */
    public enum Outcome { ON_TRIAL, DONE, ROLLED_BACK, LOST }
}
