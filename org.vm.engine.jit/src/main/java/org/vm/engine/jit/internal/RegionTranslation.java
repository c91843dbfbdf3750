package org.vm.engine.jit.internal;

import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.Translation;
import org.vm.api.cpu.TranslationStats;
import org.vm.api.mmu.Mmu;

/** A region as one CPU enters it; counts how that ends. On the CPU's thread, but for {@link #drop}. */
final class RegionTranslation implements Translation {
    final Cpu cpu;
    final long pc;
    /** How far the region is from where it was translated. */
    final long distance;
    private final Mmu mmu;
    private final int context;
    private final int entry;
    private final RegionLinks links;
    /** {@code null} when it is gone. */
    private Region region;
    /** {@code null} when it is gone. Set by other threads: until this CPU sees that, it may run what is still right. */
    private RegionCode code;
    /** What was so when it was last seen that the code is what memory holds. */
    private long stamp;
    private int epoch;
    private long entries;
    private long executed;
    private long missed;
    private long interrupted;
    private long trapped;
    private long stale;

    RegionTranslation(Cpu cpu, CachedRegion cached, RegionLinks links, long pc, long distance) {
        this.cpu = cpu;
        this.pc = pc;
        this.distance = distance;
        this.entry = cached.entry(pc - distance);
        this.mmu = cpu.mmu;
        this.context = cached.region.context();
        this.links = links;
        renew(cached);
    }

    /** Memory was just seen to hold the code. */
    void renew(CachedRegion cached) {
        region = cached.region;
        code = cached.code;
        stamp = mmu.fetchStamp();
        epoch = cpu.codeEpoch;
    }

    void drop() {
        code = null;
        region = null;
    }

    /**
     * Runs it, and from there on whatever compiled regions follow each other. Each of the calls is made from one place, which HotSpot
     * has seen often before the first region follows another.
     */
    @Override
    public Outcome run(long limit) {
        links.add(this);
        RegionTranslation next = this;
        // A trap retires nothing, and its handler may trap: every turn counts as one instruction, too.
        for (long left = limit; ; left--) {
            RegionCode code = next.ready();
            if (code == null) {
                return left == limit ? enter(limit) : Outcome.RAN;
            }
            Outcome outcome = next.enter(code, left);
            if (outcome != Outcome.RAN || cpu.retired - left >= 0 || cpu.attention()) {
                return outcome;
            }
            next = links.find(cpu.pc);
            if (next == null) {
                return Outcome.RAN;
            }
        }
    }

    /** The code, if it is known to be what memory holds without another look; or else {@code null}. */
    private RegionCode ready() {
        return mmu.fetchStamp() == stamp && cpu.codeEpoch == epoch && cpu.context() == context ? code : null;
    }

    /** Runs this one only. */
    Outcome enter(long limit) {
        RegionCode code = this.code;
        if (code == null || (mmu.fetchStamp() != stamp || cpu.codeEpoch != epoch) && !isCurrent()) {
            stale++;
            return Outcome.STALE;
        }
        return enter(code, limit);
    }

    private Outcome enter(RegionCode code, long limit) {
        long before = cpu.retired;
        int outcome = code.run(cpu, cpu.registers, mmu.translations(), entry, (int) Math.min(limit - before, 1 << 30),
                distance);
        long after = cpu.retired;
        entries++;
        executed += after - before;
        if (outcome == RegionCode.INTERPRET) {
            missed++;
            return Outcome.INTERPRET;
        }
        if (outcome == RegionCode.TRAPPED) {
            trapped++;
        } else if (cpu.attention() || after - limit >= 0) {
            interrupted++;
        }
        return Outcome.RAN;
    }

    private boolean isCurrent() {
        Region region = this.region;
        if (region == null || !region.isMapped(mmu, distance) || cpu.codeEpoch != epoch && !region.isUnchanged(mmu, distance)) {
            return false;
        }
        stamp = mmu.fetchStamp();
        epoch = cpu.codeEpoch;
        return true;
    }

    TranslationStats.Runs runs() {
        return new TranslationStats.Runs(entries, executed, missed, interrupted, trapped, stale);
    }
}
