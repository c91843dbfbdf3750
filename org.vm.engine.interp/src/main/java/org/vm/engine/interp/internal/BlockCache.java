package org.vm.engine.interp.internal;

import org.vm.api.CacheStats;

/** The blocks of one CPU. When it is full it is emptied: what is in use comes back soon. */
final class BlockCache {
    private final int capacity;
    private Block[] buckets;
    private int size;

    private long misses;
    private long invalidations;
    private long evictions;
    /** Of blocks that are gone. */
    private long entriesBefore;
    private long fusedBefore;

    BlockCache(int capacity) {
        this.capacity = capacity;
        this.buckets = new Block[Integer.highestOneBit(Math.max(capacity, 2)) * 2];
    }

    private int bucket(long pc, long physical) {
        long hash = (pc ^ physical >>> 12) * 0x9E3779B97F4A7C15L;
        return (int) (hash >>> 40) & buckets.length - 1;
    }

    Block find(long pc, long physical, int context) {
        Block block = buckets[bucket(pc, physical)];
        while (block != null && (block.pc != pc || block.physical != physical || block.context != context)) {
            block = block.chained;
        }
        return block;
    }

    void add(Block block) {
        misses++;
        if (size == capacity) {
            evictions += size;
            forgetAll();
        }
        int bucket = bucket(block.pc, block.physical);
        block.chained = buckets[bucket];
        buckets[bucket] = block;
        size++;
    }

    void invalidate(Block gone) {
        int bucket = bucket(gone.pc, gone.physical);
        Block before = null;
        for (Block block = buckets[bucket]; block != null; before = block, block = block.chained) {
            if (block == gone) {
                if (before == null) {
                    buckets[bucket] = gone.chained;
                } else {
                    before.chained = gone.chained;
                }
                size--;
                invalidations++;
                account(gone);
                return;
            }
        }
    }

    void clear() {
        invalidations += size;
        forgetAll();
    }

    private void forgetAll() {
        for (Block head : buckets) {
            for (Block block = head; block != null; block = block.chained) {
                account(block);
                // Blocks still linked from the running one must not lead back to what is forgotten.
                block.link0 = null;
                block.link1 = null;
            }
        }
        buckets = new Block[buckets.length];
        size = 0;
    }

    private void account(Block gone) {
        entriesBefore += gone.entries();
        fusedBefore += gone.fusedInstructions();
    }

    CacheStats stats() {
        long entries = entriesBefore;
        for (Block head : buckets) {
            for (Block block = head; block != null; block = block.chained) {
                entries += block.entries();
            }
        }
        return new CacheStats(Math.max(0, entries - misses), misses, invalidations, evictions, size);
    }

    long fused() {
        long fused = fusedBefore;
        for (Block head : buckets) {
            for (Block block = head; block != null; block = block.chained) {
                fused += block.fusedInstructions();
            }
        }
        return fused;
    }
}
