package org.vm.engine.jit.internal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.zip.Deflater;
import java.util.zip.InflaterInputStream;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.TranslatedCode.State;
import org.vm.api.cpu.TranslationStats;

/** A region and what has become of it. */
final class CachedRegion {
    /** Bytes that incompressible data grow by. */
    private static final int SLACK = 128;
    /**
     * How much of a region is run to be profiled: HotSpot takes counts of 40 and more seriously, and guesses badly without,
     * for it thinks that what is compared is hardly ever equal.
     */
    private static final int PROFILED_TIMES = 8;
    private static final int PROFILED_AT_LEAST = 2000;
    /** What can be entered in several places runs as often as this for some of them. */
    private static final int PROFILED_ENTRIES = 4;
    /** Addresses at which a CPU knows an entry of a movable region: of so many processes that run in turn. */
    private static final int MOST_PLACES = 16;

    volatile Region region;
    /** The class, deflated. */
    private volatile byte[] classFile = {};
    /** Its number in its machine. */
    final int number;
    /** Guest instructions in it. */
    volatile int instructions;
    /** Where it has nodes, besides its beginning: a loop as long as it is there, others until compiled. Guarded by the cache. */
    List<CodeCache.Key> inner;
    /** The same of functions that it calls, until compiled. Guarded by the cache. */
    List<CodeCache.Key> called;
    /** Where it can be entered, by the numbers of its entries. */
    private volatile long[] entries = {};
    /** The same, besides its beginning; until it is gone. Guarded by the cache. */
    List<CodeCache.Key> entered = List.of();
    volatile RegionCode code;
    volatile State state = State.WAITING;
    /** Bytes of its bytecode and its table; 0 until there is any. */
    volatile int bytes;
    /** It is not in the cache any more. */
    volatile boolean dropped;
    /** How often it was asked for while it waited. */
    volatile int asked;
    /** Instructions left to be profiled. */
    int unprofiled;
    /** The cache's eviction before which it was compiled, and the instructions that it had run at the last one. */
    int age;
    long executedBefore;
    /** What may be remembered of it; {@code null} if it could not be recognized. */
    final RegionProfile profile;
    /** As each CPU runs it, from each entry and at each address. */
    private final List<RegionTranslation> translations = new CopyOnWriteArrayList<>();
    /** Of translations that are gone. */
    private TranslationStats.Runs formerRuns = TranslationStats.Runs.NONE;

    CachedRegion(Region region, int number) {
        this.region = region;
        this.number = number;
        this.instructions = region.instructions();
        this.profile = RegionProfile.of(region);
        this.unprofiled = Math.max(PROFILED_AT_LEAST, PROFILED_TIMES * instructions)
                * Math.min(region.entries().size(), PROFILED_ENTRIES);
        this.inner = keys(region, node -> node.call == null);
        this.called = keys(region, node -> node.call != null);
    }

    private static List<CodeCache.Key> keys(Region region, Predicate<Node> which) {
        return region.nodes().stream().filter(node -> node.pc != region.pc()).filter(which)
                .map(node -> region.key(node.pc)).toList();
    }

    /** How far the code is from where it was translated, if the beginning or an entry that is at {@code physical} is at {@code pc}. */
    long distance(long pc, long physical) {
        if (!region.movable()) {
            return 0;
        }
        for (long entry : entries) {
            if (region.physical(entry) == physical) {
                return pc - entry;
            }
        }
        return pc - region.pc();
    }

    /**
     * As {@code cpu} runs it, which has {@code links}, from one of its entries. Memory must hold what was translated, {@code
     * distance} from there. On the CPU's thread.
     */
    RegionTranslation translation(Cpu cpu, RegionLinks links, long pc, long distance) {
        RegionTranslation oldest = null;
        int places = 0;
        for (RegionTranslation translation : translations) {
            if (translation.cpu == cpu && translation.pc - translation.distance == pc - distance) {
                if (translation.distance == distance) {
                    translation.renew(this);
                    return translation;
                }
                oldest = oldest == null ? translation : oldest;
                places++;
            }
        }
        if (places == MOST_PLACES) {
            forget(oldest);
        }
        RegionTranslation translation = new RegionTranslation(cpu, this, links, pc, distance);
        translations.add(translation);
        return translation;
    }

    private synchronized void forget(RegionTranslation translation) {
        translation.drop();
        translations.remove(translation);
        formerRuns = formerRuns.plus(translation.runs());
    }

    /** Number of the entry at an address where there is one. */
    int entry(long pc) {
        for (int i = 1; i < entries.length; i++) {
            if (entries[i] == pc) {
                return i;
            }
        }
        if (pc != region.pc()) {
            throw new IllegalArgumentException("region " + number + " has no entry at 0x" + Long.toHexString(pc));
        }
        return 0;
    }

    /** Leaves it the first of its nodes; before a class is made of it. */
    void cut(int nodes) {
        region = region.cut(nodes);
        instructions = region.instructions();
    }

    /** A class was made of it; what only that took is forgotten, for it is large. */
    void translated(RegionCode made, RegionWriter.Written written) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(written.bytes());
            deflater.finish();
            byte[] deflated = new byte[written.bytes().length + SLACK];
            classFile = Arrays.copyOf(deflated, deflater.deflate(deflated));
        } finally {
            deflater.end();
        }
        entries = written.table().entries().stream().mapToLong(node -> node.pc).toArray();
        entered = Arrays.stream(entries).filter(pc -> pc != region.pc())
                .mapToObj(region::key).toList();
        region = region.withoutNodes();
        bytes = written.codeLength() + written.table().words().length * Long.BYTES;
        code = made;
    }

    /** The class as it was made; empty if there is none. */
    byte[] classFile() {
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(classFile))) {
            return classFile.length == 0 ? classFile : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets the class go, so that it can be unloaded; CPUs that have it find nothing there. */
    void drop() {
        dropped = true;
        code = null;
        translations.forEach(RegionTranslation::drop);
    }

    synchronized TranslationStats.Runs runs() {
        TranslationStats.Runs runs = formerRuns;
        for (RegionTranslation translation : translations) {
            runs = runs.plus(translation.runs());
        }
        return runs;
    }
}
