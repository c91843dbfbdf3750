package org.vm.api;

/** What a software TLB did since it was made: slow-path refills (misses), page walks that faulted, flushes. */
public record TlbStats(long misses, long walks, long faults, long flushes, int entries) {}
