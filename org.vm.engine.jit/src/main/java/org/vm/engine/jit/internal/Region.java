package org.vm.engine.jit.internal;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.mmu.Mmu;

/**
 * Code that is translated as one method: loops and functions around a place that is hot. Found once, immutable then.
 *
 * @param pc      address that it was found from
 * @param context the CPU's context
 * @param nodes   the code; the first one begins at {@code pc}
 * @param entries nodes where it can be entered and where calculated jumps can lead, by address
 * @param pages   physical address of each virtual page that the code is in
 * @param code    the code's bytes: parcels by their addresses' runs
 * @param loop    whether it is a loop, which begins at {@code pc} and runs long when it is entered
 * @param movable whether it also runs where the same pages are at other addresses, all as far from here
 */
record Region(long pc, long physical, int context, List<Node> nodes, Map<Long, Node> entries, Map<Long, Long> pages,
        List<Run> code, boolean loop, boolean movable) {
    /** Bytes as they were translated. */
    record Run(long pc, short[] parcels) {}

    private static final long PAGE_MASK = -4096;

    /** The first so many of its nodes, which were found first because they run most often; the others are outside then. */
    Region cut(int count) {
        Set<Node> kept = new LinkedHashSet<>(nodes.subList(0, count));
        kept.forEach(node -> node.ending.edges().forEach(edge -> edge.node = kept.contains(edge.node) ? edge.node : null));
        Map<Long, Node> left = new LinkedHashMap<>(entries);
        left.values().retainAll(kept);
        return new Region(pc, physical, context, List.copyOf(kept), left, pages, code, loop, movable);
    }

    /** What it takes to tell whether it is still there. */
    Region withoutNodes() {
        return new Region(pc, physical, context, List.of(), Map.of(), pages, code, loop, movable);
    }

    /** Whether all pages are {@code distance} from where they were. */
    boolean isMapped(Mmu mmu, long distance) {
        try {
            for (Map.Entry<Long, Long> page : pages.entrySet()) {
                if (mmu.translateFetch(page.getKey() + distance) != page.getValue()) {
                    return false;
                }
            }
            return true;
        } catch (GuestTrap notMapped) {
            return false;
        }
    }

    /** Whether memory holds what was translated. All pages must be {@code distance} from where they were. */
    boolean isUnchanged(Mmu mmu, long distance) {
        try {
            for (Run run : code) {
                if (!mmu.fetches(run.pc + distance, run.parcels)) {
                    return false;
                }
            }
            return true;
        } catch (GuestTrap protectedWithinAPage) {
            return false;
        }
    }

    /** Physical address of code in it. */
    long physical(long address) {
        return pages.get(page(address)) | address & ~PAGE_MASK;
    }

    /** How a place in it is found. */
    CodeCache.Key key(long address) {
        CodeCache.Key key = new CodeCache.Key(address, physical(address), context);
        return movable ? key.anywhere() : key;
    }

    static long page(long address) {
        return address & PAGE_MASK;
    }

    /** Guest instructions, counted as often as they are translated. */
    int instructions() {
        return nodes.stream().mapToInt(Node::instructions).sum();
    }
}
