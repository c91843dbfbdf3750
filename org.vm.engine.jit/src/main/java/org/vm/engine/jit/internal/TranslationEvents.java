package org.vm.engine.jit.internal;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Events for JDK Flight Recorder. */
final class TranslationEvents {
    private TranslationEvents() {}

    /** Something about a region. */
    @Category({"Virtual machines", "JIT"})
    @StackTrace(false)
    abstract static class OfRegion extends Event {
        @Label("Region")
        int region;

        @Label("Address")
        String address;

        @Label("Guest instructions")
        int instructions;

        @Label("Bytecode")
        @Description("Bytes of its method")
        int bytes;

        final void describe(CachedRegion cached) {
            if (shouldCommit()) {
                region = cached.number;
                address = "0x" + Long.toHexString(cached.region.pc());
                instructions = cached.instructions;
                bytes = cached.bytes;
            }
        }

        final void about(CachedRegion cached) {
            describe(cached);
            commit();
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
