package org.vm.engine.jit.internal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.cpu.TranslatedCode.State;
import org.vm.api.cpu.TranslationStats;
import org.vm.api.mmu.TlbLayout;

/**
 * The translated code of one machine, for all its CPUs. It holds so many bytes of bytecode at most; when there are more,
 * the regions go that ran least since the last time. Classes of regions see those of one machine's instructions only, so
 * that nothing of a machine outlives it. Any thread.
 */
final class CodeCache {
    /** Where a translation begins, and what the bytes there mean. */
    record Key(long pc, long physical, int context) {
        /** In place of an address; no code has an odd one. */
        private static final long ANYWHERE = 1;

        static Key of(Region region) {
            return region.key(region.pc());
        }

        /** The same in a region that may be at any address. */
        Key anywhere() {
            return new Key(ANYWHERE, physical, context);
        }
    }

    /** Bytecode of a region that is smaller than nearly all are. */
    private static final int SMALL = 256;
    /** Bytecode that a region is cut to that was estimated too small; nodes differ, so less than fits. */
    private static final int CUT = Compiler.LARGEST * 9 / 10;
    /** Instructions that a region must have run to be remembered: a third of a boot's make all that counts. */
    private static final int MEMORABLE = 100_000;
    /** Pages of code to be known, a quarter of a gigabyte. What is forgotten is translated once more for one address. */
    private static final int MOST_PLACES = 65536;
    private static final Logger LOG = LoggerFactory.getLogger(CodeCache.class);

    final MemorySegment memory;
    final Rows rows;
    private final RegionClasses classes = new RegionClasses();
    private final long limit;
    /** Regions at most, for also those that cannot be translated take room. */
    private final int most;
    private final Map<Key, CachedRegion> regions = new ConcurrentHashMap<>();
    /** Regions by their entries, besides where they begin. */
    private final Map<Key, CachedRegion> entered = new ConcurrentHashMap<>();
    /** Regions by places in them that are no entries: all that are not compiled yet, and loops. */
    private final Map<Key, CachedRegion> around = new ConcurrentHashMap<>();
    /** By physical page the virtual one that its code was first translated for. */
    private final Map<Long, Long> places = new ConcurrentHashMap<>();
    /** CPUs that use it; guarded by the engine. */
    int users;

    private volatile boolean hasMovable;
    private long bytes;
    private int evictions;
    private long found;
    private long translated;
    private long failed;
    private long invalidated;
    private long evicted;
    private long translationNanos;
    private long compilationNanos;
    /** Of regions that are gone. */
    private TranslationStats.Runs formerRuns = TranslationStats.Runs.NONE;

    /** @param limit bytes of bytecode to keep */
    CodeCache(MemorySegment memory, Rows rows, long limit) {
        this.memory = memory;
        this.rows = rows;
        this.limit = limit;
        this.most = (int) Math.min(limit / SMALL, Integer.MAX_VALUE);
    }

    /** What begins at a place, or can be entered there; what is for this address alone is preferred. */
    CachedRegion find(Key key) {
        CachedRegion here = entered(key);
        return here == null ? findMovable(key) : here;
    }

    /** The same of regions that may be at any address. */
    CachedRegion findMovable(Key key) {
        return entered(key.anywhere());
    }

    /** Whether there are any of these. */
    boolean hasMovable() {
        return hasMovable;
    }

    private CachedRegion entered(Key key) {
        CachedRegion begins = regions.get(key);
        return begins == null ? entered.get(key) : begins;
    }

    /** A region on its way that will contain this place, or a loop that does; {@code null} if there is none. */
    CachedRegion around(Key key) {
        CachedRegion here = around.get(key);
        return here == null ? around.get(key.anywhere()) : here;
    }

    /** Whether code of a physical page was translated for another address than this: programs share it, each where it likes. */
    boolean hasMoved(long pc, long physical) {
        return places.getOrDefault(Region.page(physical), Region.page(pc)) != Region.page(pc);
    }

    Collection<CachedRegion> all() {
        return regions.values();
    }

    synchronized CachedRegion add(Region region) {
        CachedRegion added = new CachedRegion(region, (int) ++found);
        hasMovable |= region.movable();
        CachedRegion before = regions.put(Key.of(region), added);
        if (before != null) {
            forget(before);
        }
        if (places.size() > MOST_PLACES) {
            places.clear();
        }
        region.pages().forEach((virtual, page) -> places.putIfAbsent(page, virtual));
        added.inner.forEach(key -> around.putIfAbsent(key, added));
        added.called.forEach(key -> around.putIfAbsent(key, added));
        return added;
    }

    /** Makes the class of a region. Nothing comes of one that was dropped, or is too large. */
    void translate(CachedRegion cached) {
        TranslationEvents.Span event = TranslationEvents.begin(TranslationEvents.Kind.TRANSLATED);
        long began = System.nanoTime();
        RegionWriter.Written written = null;
        RegionCode code = null;
        try {
            written = write(cached);
            code = written.codeLength() >= Compiler.LARGEST ? null : classes.define(written, memory);
        } catch (RuntimeException | LinkageError e) {
            LOG.error("the region at 0x{} was not translated; its code stays with the interpreter",
                    Long.toHexString(cached.region.pc()), e);
        }
        long time = System.nanoTime() - began;
        synchronized (this) {
            translationNanos += time;
            if (!cached.dropped) {
                cached.age = evictions;
                if (code == null) {
                    fail(cached);
                } else {
                    translated++;
                    cached.translated(code, written);
                    cached.entered.forEach(key -> entered.putIfAbsent(key, cached));
                    bytes += cached.bytes;
                }
                makeRoom(cached);
            }
        }
        event.end(cached);
    }

    /** What turns out larger than HotSpot compiles is cut to the part that runs most often. */
    private RegionWriter.Written write(CachedRegion cached) {
        while (true) {
            RegionWriter.Written written = classes.write(cached.region, cached.number, rows, TlbLayout.offsetMask(memory));
            int nodes = cached.region.nodes().size();
            if (written.codeLength() < Compiler.LARGEST || nodes == 1) {
                return written;
            }
            cached.cut(Math.max(1, Math.min(nodes - 1, nodes * CUT / written.codeLength())));
        }
    }

    /** The compiler is done with a region. */
    void compiled(CachedRegion cached, boolean successfully, long nanos) {
        synchronized (this) {
            compilationNanos += nanos;
            if (cached.dropped) {
                return;
            }
            cached.age = evictions;
            if (successfully) {
                arrived(cached);
                cached.asked = 0;
                cached.state = State.READY;
            } else {
                fail(cached);
            }
        }
    }

    /** It is compiled; a loop is known by its inner places further on. */
    private void arrived(CachedRegion cached) {
        cached.called.forEach(key -> around.remove(key, cached));
        cached.called = List.of();
        if (!cached.region.loop()) {
            cached.inner.forEach(key -> around.remove(key, cached));
            cached.inner = List.of();
        }
    }

    private void gone(CachedRegion cached) {
        cached.entered.forEach(key -> entered.remove(key, cached));
        cached.entered = List.of();
        arrived(cached);
        cached.inner.forEach(key -> around.remove(key, cached));
        cached.inner = List.of();
    }

    /** Leaves a region's code to the interpreter. */
    private void fail(CachedRegion cached) {
        gone(cached);
        failed++;
        cached.state = State.FAILED;
        bytes -= cached.bytes;
        cached.bytes = 0;
        cached.code = null;
        cached.region = cached.region.withoutNodes();
    }

    /** Memory does not hold a region's code any more, or not there. Other CPUs find out themselves. */
    void invalidate(CachedRegion cached) {
        synchronized (this) {
            if (!regions.remove(Key.of(cached.region), cached)) {
                return;
            }
            invalidated++;
            gone(cached);
            bytes -= cached.bytes;
            formerRuns = formerRuns.plus(cached.runs());
            cached.dropped = true;
        }
        TranslationEvents.begin(TranslationEvents.Kind.INVALIDATED).end(cached);
    }

    /** Of all regions that ran. */
    List<RegionProfile> profiles() {
        return regions.values().stream().filter(cached -> cached.profile != null && cached.state == State.READY)
                .map(cached -> cached.profile.after(cached.runs().executed())).filter(p -> p.executed() >= MEMORABLE).toList();
    }

    void flush() {
        synchronized (this) {
            regions.values().forEach(this::forget);
            regions.clear();
        }
        LOG.debug("translated code was flushed");
    }

    private void forget(CachedRegion cached) {
        gone(cached);
        bytes -= cached.bytes;
        formerRuns = formerRuns.plus(cached.runs());
        cached.drop();
    }

    /** Drops regions, but not the newest one, until an eighth of the cache is free. */
    private void makeRoom(CachedRegion newest) {
        if (bytes <= limit && regions.size() <= most) {
            return;
        }
        List<CachedRegion> candidates = new ArrayList<>(regions.values());
        candidates.removeIf(cached -> cached == newest || cached.bytes == 0 && cached.state != State.FAILED);
        Map<CachedRegion, Long> executed = new HashMap<>();
        candidates.forEach(cached -> executed.put(cached, cached.runs().executed()));
        // Those that came after the last eviction could not show yet what they are good for.
        candidates.sort(Comparator.comparing((CachedRegion cached) -> cached.age == evictions)
                .thenComparingLong(cached -> executed.get(cached) - cached.executedBefore));
        for (CachedRegion cached : candidates) {
            if (bytes <= limit - limit / 8 && regions.size() <= most - most / 8) {
                break;
            }
            regions.remove(Key.of(cached.region), cached);
            evicted++;
            forget(cached);
            TranslationEvents.begin(TranslationEvents.Kind.EVICTED).end(cached);
        }
        evictions++;
        executed.forEach((cached, now) -> cached.executedBefore = now);
    }

    /** A region that a person asks for by its number. */
    CachedRegion numbered(int number) {
        return regions.values().stream().filter(cached -> cached.number == number).findFirst().orElseThrow(() ->
                new VmException("there is no region " + number + ", or not any more"));
    }

    synchronized TranslationStats stats(int waiting, int threshold) {
        TranslationStats.Runs runs = formerRuns;
        int count = 0;
        long instructions = 0;
        for (CachedRegion cached : regions.values()) {
            runs = runs.plus(cached.runs());
            if (cached.bytes > 0) {
                count++;
                instructions += cached.instructions;
            }
        }
        return new TranslationStats(count, bytes, limit, instructions, waiting, threshold, found, translated, failed,
                invalidated, evicted, translationNanos, compilationNanos, runs);
    }
}
