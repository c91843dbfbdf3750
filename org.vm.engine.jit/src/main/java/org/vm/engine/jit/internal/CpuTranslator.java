package org.vm.engine.jit.internal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.cpu.CodeProfile;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.cpu.TranslatedCode.State;
import org.vm.api.cpu.Translation;
import org.vm.api.cpu.TranslationStats;
import org.vm.api.cpu.Translator;

/** Gives one CPU's interpreter the translations of its hot blocks. */
final class CpuTranslator implements Translator {
    private static final Logger LOG = LoggerFactory.getLogger(CpuTranslator.class);

    /** How often code is asked for that a region will contain, or a loop does, before it gets a region of its own. */
    private static final int PATIENCE = 50;
    /** A loop's code gets other regions, too, if it is asked for more often than the loop runs so many times the threshold. */
    private static final int RARELY = 8;
    /** Entries of a block that was hot in an earlier run: so many that it will be this time, too. */
    private static final int EARLY = 100;

    private final Cpu cpu;
    private final CodeCache cache;
    private final Compiler compiler;
    private final Threshold threshold;
    private final RememberedRegions remembered;
    private final boolean background;
    private final RegionLinks links = new RegionLinks();
    private boolean reported;

    CpuTranslator(Cpu cpu, CodeCache cache, Compiler compiler, Threshold threshold, RememberedRegions remembered,
            boolean background) {
        this.cpu = cpu;
        this.cache = cache;
        this.compiler = compiler;
        this.threshold = threshold;
        this.remembered = remembered;
        this.background = background;
    }

    @Override
    public int threshold(long pc, int instructions) {
        if (hasMovedHere(pc)) {
            return 1;
        }
        int entries = threshold.entries(instructions);
        return remembered.find(cpu, pc) == null ? entries : Math.min(entries, EARLY);
    }

    /** Whether something compiled can be entered at {@code pc}, though it may have been translated for another address. */
    private boolean hasMovedHere(long pc) {
        if (!cache.hasMovable()) {
            return false;
        }
        try {
            long physical = cpu.mmu.translateFetch(pc);
            CachedRegion known = cache.findMovable(new CodeCache.Key(pc, physical, cpu.context()));
            return known != null && known.state == State.READY && known.region.isMapped(cpu.mmu, known.distance(pc, physical));
        } catch (GuestTrap notMapped) {
            return false;
        }
    }

    @Override
    public Translation translate(long pc, long physical, CodeProfile profile) {
        CachedRegion known = cache.find(new CodeCache.Key(pc, physical, cpu.context()));
        boolean movable = cache.hasMoved(pc, physical);
        if (known != null) {
            known.asked++;
            if (known.state == State.WAITING) {
                return null;
            }
            long distance = known.distance(pc, physical);
            boolean mapped = known.region.isMapped(cpu.mmu, distance);
            if (mapped && known.region.isUnchanged(cpu.mmu, distance)) {
                return switch (known.state) {
                    case READY -> known.translation(cpu, links, pc, distance);
                    case PROFILING -> new Profiled(known, pc, distance);
                    case WAITING, FAILED -> null;
                };
            }
            if (mapped || !known.region.movable()) {
                cache.invalidate(known);
            } else {
                // Others have its pages as far from each other as they were.
                movable = false;
            }
        }
        CachedRegion around = background ? cache.around(new CodeCache.Key(pc, physical, cpu.context())) : null;
        if (background && (compiler.isBusy() || around != null && isEnough(around))) {
            return null;
        }
        Region region = find(pc, physical, profile, movable, around == null);
        if (region != null && region.pc() != pc && cache.find(CodeCache.Key.of(region)) != null) {
            // That was found when this did not run yet.
            region = find(pc, physical, profile, movable, false);
        }
        if (region == null) {
            return null;
        }
        CachedRegion found = cache.add(region);
        if (background) {
            compiler.later(new Task(cache, found, this::prepare));
            return null;
        }
        compiler.configure();
        cache.translate(found);
        if (found.code == null) {
            return null;
        }
        cache.compiled(found, true, 0);
        return region.pc() == pc ? found.translation(cpu, links, pc, 0) : null;
    }

    /** A mistake of the translator's costs a guest speed, never its CPU. */
    private Region find(long pc, long physical, CodeProfile profile, boolean movable, boolean whole) {
        try {
            RegionProfile before = remembered.find(cpu, pc);
            return new RegionFinder(cpu, before == null ? profile : before.at(pc, profile), cache.rows, this::isLoop,
                    movable).find(pc, physical, RegionFinder.LIMIT, whole);
        } catch (RuntimeException e) {
            if (!reported) {
                reported = true;
                LOG.error("no region was found around 0x{}; such code stays with the interpreter", Long.toHexString(pc), e);
            }
            return null;
        }
    }

    /** Whether a loop begins here that was found to run long, and does. */
    private boolean isLoop(long pc) {
        try {
            CachedRegion known = cache.find(new CodeCache.Key(pc, cpu.mmu.translateFetch(pc), cpu.context()));
            if (known == null || !known.region.loop() || known.state == State.FAILED) {
                return false;
            }
            TranslationStats.Runs runs = known.runs();
            return known.state != State.READY || runs.executed() >= runs.entries() * LoopNest.VISIT;
        } catch (GuestTrap notMapped) {
            return false;
        }
    }

    /**
     * All blocks of a loop get hot at about the same time. What is on its way through the first of them is not translated
     * again for each of the others; one that is still asked for when that is there is entered otherwise. So is what has
     * waited long for a region that nothing enters any more. A loop that was left by an interrupt comes to where it can be
     * entered again by itself; what is interpreted until then matters only if it often happens.
     */
    private boolean isEnough(CachedRegion around) {
        int asked = around.asked++;
        return asked < PATIENCE || switch (around.state) {
            case WAITING -> true;
            case READY -> (long) asked * threshold.now() * RARELY < around.runs().executed();
            case PROFILING, FAILED -> false;
        };
    }

    /** Makes a region's class, which is to be profiled then. */
    private void prepare(CachedRegion found) {
        if (found.dropped) {
            return;
        }
        cache.translate(found);
        RegionCode code = found.code;
        if (code != null) {
            compiler.prepare(code, cpu);
            found.state = State.PROFILING;
        }
    }

    private void compile(CachedRegion profiled) throws InterruptedException {
        RegionCode code = profiled.code;
        if (code == null) {
            return;
        }
        TranslationEvents.Span event = TranslationEvents.begin(TranslationEvents.Kind.COMPILED);
        long began = System.nanoTime();
        boolean compiled = compiler.compile(code, cpu);
        event.end(profiled);
        cache.compiled(profiled, compiled, System.nanoTime() - began);
    }

    @Override
    public void flush() {
        links.clear();
        cache.flush();
    }

    @Override
    public void close() {
        // The engine counts who uses the cache.
        links.clear();
    }

    private interface Step {
        void apply(CachedRegion cached) throws InterruptedException;
    }

    /** Work for the compiler, the more urgent the more often the code is asked for. */
    private record Task(CodeCache cache, CachedRegion cached, Step step) implements Compiler.Task {
        @Override
        public void run() throws InterruptedException {
            try {
                step.apply(cached);
            } catch (RuntimeException | Error e) {
                // Otherwise its blocks would be waited for without end.
                cache.compiled(cached, false, 0);
                throw e;
            }
        }

        @Override
        public int urgency() {
            return cached.asked;
        }
    }

    /** A region that HotSpot has not compiled: it runs some instructions, and is given to the compiler then. */
    private final class Profiled implements Translation {
        private final CachedRegion cached;
        private final RegionTranslation translation;

        Profiled(CachedRegion cached, long pc, long distance) {
            this.cached = cached;
            this.translation = cached.translation(cpu, links, pc, distance);
        }

        @Override
        public Outcome run(long limit) {
            if (cached.unprofiled <= 0) {
                return Outcome.STALE;
            }
            long before = cpu.retired;
            Outcome outcome = translation.enter(Math.min(limit, before + cached.unprofiled));
            // Another try costs something, too, if nothing retired.
            cached.unprofiled -= (int) (cpu.retired - before) + 1;
            if (cached.unprofiled <= 0 && cached.state == State.PROFILING) {
                cached.state = State.WAITING;
                compiler.later(new Task(cache, cached, CpuTranslator.this::compile));
            }
            return outcome;
        }
    }
}
