package org.vm.api.replace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A replacement, as it is at a moment.
 *
 * @param bundle  symbolic name
 * @param from    version before
 * @param to      version that is to be
 * @param devices whose places were kept, as {@code machine/name}
 * @param pause   from the moment in which the devices were suspended until all of them worked again
 * @param steps   what the pause was made of, in its order: a word for each step, and how long it took
 * @param detail  what went wrong and at which step, or what is worth knowing; empty: nothing
 */
public record Replacement(Instant time, String bundle, String from, String to, List<String> devices, Duration pause,
        Map<String, Duration> steps, Outcome outcome, String detail) {
    /** The new version works and is watched; works and is trusted; was taken back; nobody has taken the devices' places. */
    public enum Outcome { ON_TRIAL, DONE, ROLLED_BACK, LOST }

    /** One of which only the whole pause is known. */
    public Replacement(Instant time, String bundle, String from, String to, List<String> devices, Duration pause, Outcome outcome,
            String detail) {
        this(time, bundle, from, to, devices, pause, Map.of(), outcome, detail);
    }
}
