package org.vm.api;

/** What a cache of decoded or translated code did since it was made. */
public record CacheStats(long hits, long misses, long invalidations, long evictions, int size) {
    /** Share of look-ups that hit, 0 to 1; 1 before the first one. */
    public double hitRate() {
        long all = hits + misses;
        return all == 0 ? 1 : (double) hits / all;
    }
}
