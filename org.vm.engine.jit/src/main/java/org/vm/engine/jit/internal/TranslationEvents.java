package org.vm.engine.jit.internal;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * Events for JDK Flight Recorder. Before it is first used there are none, and their classes are not even loaded: that would
 * take a tenth of a second in each start of a guest.
 */
final class TranslationEvents {
    /** What may happen to a region. */
    enum Kind { TRANSLATED, COMPILED, INVALIDATED, EVICTED }

    /** Something that takes time. */
    interface Span {
        /** Records it. */
        void end(CachedRegion cached);
    }

    private static final Span UNRECORDED = _ -> { };

    private TranslationEvents() {}

    static Span begin(Kind kind) {
        if (!FlightRecorder.isInitialized()) {
            return UNRECORDED;
        }
        return switch (kind) {
            case TRANSLATED -> new Translated().begun();
            case COMPILED -> new Compiled().begun();
            case INVALIDATED -> new Invalidated().begun();
            case EVICTED -> new Evicted().begun();
        };
    }

    /** Something about a region. */
    @Category({"Virtual machines", "JIT"})
    @StackTrace(false)
    abstract static class OfRegion extends Event implements Span {
        @Label("Region")
        int region;

        @Label("Address")
        String address;

        @Label("Guest instructions")
        int instructions;

        @Label("Bytecode")
        @Description("Bytes of its method")
        int bytes;

        final Span begun() {
            begin();
            return this;
        }

        @Override
        public final void end(CachedRegion cached) {
            if (shouldCommit()) {
                region = cached.number;
                address = "0x" + Long.toHexString(cached.region.pc());
                instructions = cached.instructions;
                bytes = cached.bytes;
                commit();
            }
        }
    }

    @Name("org.vm.Translated")
    @Label("Region Translated")
    @Description("A class was made of guest code")
    static final class Translated extends OfRegion {}

    @Name("org.vm.Compiled")
    @Label("Region Compiled")
    @Description("The JVM has compiled a region's class, or has not within the time that it is given")
    static final class Compiled extends OfRegion {}

    @Name("org.vm.Invalidated")
    @Label("Region Invalidated")
    @Description("Memory does not hold a region's code any more")
    static final class Invalidated extends OfRegion {}

    @Name("org.vm.Evicted")
    @Label("Region Evicted")
    @Description("A region made room for others")
    static final class Evicted extends OfRegion {}
}
