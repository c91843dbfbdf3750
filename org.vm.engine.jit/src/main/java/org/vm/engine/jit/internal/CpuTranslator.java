package org.vm.engine.jit.internal;

import org.vm.api.cpu.CodeProfile;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.Translation;
import org.vm.api.cpu.Translator;
import org.vm.api.mmu.Mmu;

/** Gives one CPU's interpreter the translations of its hot blocks. */
final class CpuTranslator implements Translator {
    private final Cpu cpu;
    private final SharedCode shared;
    private final Compiler compiler;
    private final Rows rows;
    private final int threshold;
    private final boolean background;

    CpuTranslator(Cpu cpu, SharedCode shared, Compiler compiler, Rows rows, int threshold, boolean background) {
        this.cpu = cpu;
        this.shared = shared;
        this.compiler = compiler;
        this.rows = rows;
        this.threshold = threshold;
        this.background = background;
    }

    @Override
    public int threshold() {
        return threshold;
    }

    @Override
    public Translation translate(long pc, long physical, CodeProfile profile) {
        SharedCode.Key key = new SharedCode.Key(pc, physical, cpu.context());
        SharedCode.Entry entry = shared.find(key);
        if (entry != null) {
            if (entry.region.isMapped(cpu.mmu) && entry.region.isUnchanged(cpu.mmu)) {
                return switch (entry.state) {
                    case READY -> new Entered(cpu, entry);
                    case PROFILING -> new Profiled(cpu, entry);
                    case WAITING -> {
                        entry.asked++;
                        yield null;
                    }
                    case FAILED -> null;
                };
            }
            shared.remove(key, entry);
        }
        Region region = new RegionFinder(cpu, profile, rows).find(pc, physical, RegionFinder.LIMIT);
        if (region == null) {
            return null;
        }
        SharedCode.Entry found = new SharedCode.Entry(region);
        shared.add(key, found);
        if (background) {
            compiler.later(new Task(found) {
                @Override
                public void run() {
                    translate(found);
                    if (found.code != null) {
                        Compiler.prepare(found.code, cpu);
                        found.state = SharedCode.Entry.State.PROFILING;
                    }
                }
            });
            return null;
        }
        translate(found);
        found.state = found.code == null ? SharedCode.Entry.State.FAILED : SharedCode.Entry.State.READY;
        return found.code == null ? null : new Entered(cpu, found);
    }

    private void translate(SharedCode.Entry entry) {
        entry.code = compiler.translate(entry.region, shared.memory);
        if (entry.code == null) {
            entry.state = SharedCode.Entry.State.FAILED;
        }
    }

    @Override
    public void flush() {
        shared.clear();
    }

    @Override
    public void close() {
        // The engine counts who uses the shared code.
    }

    /** Work for the compiler, the more urgent the more often the code is asked for. */
    private abstract static class Task implements Compiler.Task {
        private final SharedCode.Entry entry;

        Task(SharedCode.Entry entry) {
            this.entry = entry;
        }

        @Override
        public int urgency() {
            return entry.asked;
        }
    }

    /** A region as one CPU enters it. */
    private static class Entered implements Translation {
        private final Cpu cpu;
        private final Mmu mmu;
        private final Region region;
        private final RegionCode code;
        /** What was so when it was last seen that the code is what memory holds. */
        private long stamp;
        private int epoch;

        Entered(Cpu cpu, SharedCode.Entry entry) {
            this.cpu = cpu;
            this.mmu = cpu.mmu;
            this.region = entry.region;
            this.code = entry.code;
            this.stamp = mmu.fetchStamp();
            this.epoch = cpu.codeEpoch;
        }

        @Override
        public Outcome run(long limit) {
            if ((mmu.fetchStamp() != stamp || cpu.codeEpoch != epoch) && !isCurrent()) {
                return Outcome.STALE;
            }
            int budget = (int) Math.min(limit - cpu.retired, 1 << 30);
            return code.run(cpu, cpu.registers, mmu.translations(), 0, budget) == RegionCode.RAN
                    ? Outcome.RAN : Outcome.INTERPRET;
        }

        private boolean isCurrent() {
            if (!region.isMapped(mmu) || cpu.codeEpoch != epoch && !region.isUnchanged(mmu)) {
                return false;
            }
            stamp = mmu.fetchStamp();
            epoch = cpu.codeEpoch;
            return true;
        }
    }

    /** A region that HotSpot has not compiled: it runs some instructions, and is given to the compiler then. */
    private final class Profiled extends Entered {
        private final SharedCode.Entry entry;

        Profiled(Cpu cpu, SharedCode.Entry entry) {
            super(cpu, entry);
            this.entry = entry;
        }

        @Override
        public Outcome run(long limit) {
            if (entry.unprofiled <= 0) {
                return Outcome.STALE;
            }
            long before = cpu.retired;
            Outcome outcome = super.run(Math.min(limit, before + entry.unprofiled));
            // Another try costs something, too, if nothing retired.
            entry.unprofiled -= (int) (cpu.retired - before) + 1;
            if (entry.unprofiled <= 0 && entry.state == SharedCode.Entry.State.PROFILING) {
                entry.state = SharedCode.Entry.State.WAITING;
                compiler.later(new Task(entry) {
                    @Override
                    public void run() throws InterruptedException {
                        entry.state = Compiler.compile(entry.code, cpu)
                                ? SharedCode.Entry.State.READY : SharedCode.Entry.State.FAILED;
                    }
                });
            }
            return outcome;
        }
    }
}
