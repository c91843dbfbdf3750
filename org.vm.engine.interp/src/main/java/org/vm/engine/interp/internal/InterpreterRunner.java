package org.vm.engine.interp.internal;

import java.util.Arrays;
import org.vm.api.CacheStats;
import org.vm.api.cpu.CodeProfile;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.cpu.Translator;
import org.vm.api.mmu.Mmu;

/** Runs one CPU. */
final class InterpreterRunner implements ExecutionEngine.Runner, CodeProfile {
    private static final long PAGE_MASK = -4096;
    private static final int RECENT = 4096;
    /** What is hot is asked for again after this fraction of the entries that made it hot: soon after it may be there. */
    private static final int ASKED_AGAIN = 8;

    private final Cpu cpu;
    private final Mmu mmu;
    private final BlockCache cache;
    private final BlockBuilder builder;
    private final long fuseThreshold;
    /** Blocks by their address, valid while their {@link Block#stamp} is the MMU's. */
    private final Block[] recent = new Block[RECENT];
    /** {@code null} if nobody translates. */
    private final Translator translator;

    InterpreterRunner(Cpu cpu, BlockCache cache, BlockBuilder builder, long fuseThreshold, Translator translator) {
        this.cpu = cpu;
        this.mmu = cpu.mmu;
        this.cache = cache;
        this.builder = builder;
        this.fuseThreshold = fuseThreshold;
        this.translator = translator;
    }

    @Override
    public ExitReason run(long budget) {
        long limit = cpu.retired + budget;
        while (true) {
            if (cpu.attention()) {
                ExitReason reason = cpu.attend();
                if (reason != ExitReason.CONTINUE) {
                    return reason;
                }
            }
            if (cpu.retired - limit >= 0) {
                return ExitReason.BUDGET;
            }
            // A guest whose trap handler traps retires nothing for ever: every turn counts as one instruction, too.
            limit--;
            Block block = recent(cpu.pc);
            if (block != null && block.translation != null) {
                block = runTranslation(block, limit);
            }
            if (block != null) {
                runFrom(block, limit);
            }
        }
    }

    /**
     * Runs a block's translation.
     *
     * @return the block to interpret next; {@code null} to go on with whatever is at {@link Cpu#pc}
     */
    private Block runTranslation(Block block, long limit) {
        return switch (block.translation.run(limit)) {
            case RAN -> null;
            case INTERPRET -> {
                Block next = find(cpu.pc);
                if (next != null) {
                    // Its own translation may begin with what the translation just left to the interpreter.
                    next.lookAfter(Math.max(next.left, 2));
                }
                yield next;
            }
            case STALE -> {
                block.translation = null;
                yield block;
            }
        };
    }

    /**
     * Runs from one block to the next until something has to be looked at; {@link Cpu#pc} and {@link Cpu#retired} are
     * right then. This is the loop that everything is about.
     */
    private void runFrom(Block block, long limit) {
        Cpu cpu = this.cpu;
        long[] registers = cpu.registers;
        int epoch = cpu.codeEpoch;
        int i = 0;
        try {
            while (true) {
                if (--block.left <= 0) {
                    look(block);
                    if (block.translation != null) {
                        cpu.pc = block.pc;
                        return;
                    }
                }
                if (block.stops) {
                    cpu.pc = block.pc;
                }
                Op[] ops = block.ops;
                int last = ops.length - 1;
                for (i = 0; i < last; i++) {
                    ops[i].exec(registers, cpu);
                }
                long pc = ops[last].exec(registers, cpu);
                cpu.retired += block.count;
                if (block.stops | cpu.attention() | cpu.retired - limit >= 0) {
                    cpu.pc = pc;
                    return;
                }
                Block next = block.link0;
                if (next == null || next.pc != pc) {
                    next = block.link1;
                }
                if (next == null || next.pc != pc || next.epoch != epoch || next.straddles || ((pc ^ block.pc) & PAGE_MASK) != 0) {
                    next = follow(block, next, pc);
                    if (next == null) {
                        return;
                    }
                }
                if (next.translation != null) {
                    cpu.pc = pc;
                    return;
                }
                block = next;
            }
        } catch (GuestTrap trap) {
            int row = block.trappedRow(i);
            cpu.retired += block.code.retiredBefore(row);
            cpu.deliver(trap, block.pcOf(row));
        }
    }

    /** Makes something faster of a block that was entered often. */
    private void look(Block block) {
        if (block.code.firstRow == null && block.entries() >= fuseThreshold) {
            builder.fuse(block);
        }
        boolean asked = translator != null && block.entries() >= threshold(block);
        if (asked) {
            block.translation = translator.translate(block.pc, block.physical, this);
        }
        block.lookAfter(untilNextLook(block, asked));
    }

    private long untilNextLook(Block block, boolean asked) {
        long fusion = block.entries() < fuseThreshold ? fuseThreshold - block.entries() : Long.MAX_VALUE;
        if (translator == null) {
            return fusion;
        }
        int threshold = threshold(block);
        return Math.min(fusion, asked ? Math.max(threshold / ASKED_AGAIN, 1) : threshold);
    }

    private int threshold(Block block) {
        return translator.threshold(block.pc, Math.max(block.count, 1));
    }

    @Override
    public long entries(long pc) {
        Block block = known(pc);
        return block == null ? 0 : block.entries();
    }

    @Override
    public long[] targets(long pc) {
        Block block = known(pc);
        return block == null ? BlockCode.NOWHERE : block.code.targets;
    }

    private Block known(long pc) {
        try {
            return cache.find(pc, mmu.translateFetch(pc), cpu.context());
        } catch (GuestTrap notMapped) {
            return null;
        }
    }

    /**
     * The block at {@code pc}, which comes after {@code block}; links them.
     *
     * @param linked what a link of {@code block} says, to be checked, or another block or {@code null}
     * @return {@code null} if {@code pc} cannot be fetched from; the trap is delivered then
     */
    private Block follow(Block block, Block linked, long pc) {
        if (block.watched) {
            block.code.went(pc);
        }
        if (linked != null && linked.pc == pc && linked.epoch == cpu.codeEpoch && !linked.straddles) {
            try {
                if (mmu.translateFetch(pc) == linked.physical) {
                    return linked;
                }
            } catch (GuestTrap trap) {
                cpu.deliver(trap, pc);
                return null;
            }
        }
        Block next = find(pc);
        if (next != null && next != block.link0) {
            block.link1 = block.link0;
            block.link0 = next;
        }
        return next;
    }

    /** As {@link #find}, of what was found lately: that is where translated code leads. */
    private Block recent(long pc) {
        int i = (int) (pc >>> 1) & RECENT - 1;
        Block block = recent[i];
        if (block != null && block.pc == pc && block.stamp == mmu.fetchStamp() && block.epoch == cpu.codeEpoch
                && block.context == cpu.context()) {
            return block;
        }
        block = find(pc);
        if (block != null && !block.straddles) {
            block.stamp = mmu.fetchStamp();
            recent[i] = block;
        }
        return block;
    }

    /** The block at {@code pc} under the present translation and context; {@code null} after delivering a trap. */
    private Block find(long pc) {
        try {
            int context = cpu.context();
            long physical = mmu.translateFetch(pc);
            Block block = cache.find(pc, physical, context);
            if (block != null && isCurrent(block)) {
                return block;
            }
            block = builder.build(pc, physical, context);
            block.lookAfter(untilNextLook(block, false));
            block.watched = translator != null && builder.endsInCalculatedJump();
            cache.add(block);
            return block;
        } catch (GuestTrap trap) {
            cpu.deliver(trap, pc);
            return null;
        }
    }

    /** Whether a block found by its key is still what memory holds; if not, it is gone from the cache. */
    private boolean isCurrent(Block block) {
        if (block.straddles && mmu.translateFetch((block.pc & PAGE_MASK) - PAGE_MASK) != block.code.secondPage) {
            cache.invalidate(block);
            return false;
        }
        if (block.epoch == cpu.codeEpoch) {
            return true;
        }
        if (!mmu.fetches(block.pc, block.code.parcels)) {
            cache.invalidate(block);
            return false;
        }
        block.epoch = cpu.codeEpoch;
        return true;
    }

    @Override
    public CacheStats blocks() {
        return cache.stats();
    }

    @Override
    public long fused() {
        return cache.fused();
    }

    @Override
    public void flush() {
        cache.clear();
        Arrays.fill(recent, null);
        if (translator != null) {
            translator.flush();
        }
    }

    @Override
    public void close() {
        cache.clear();
        if (translator != null) {
            translator.close();
        }
    }
}
