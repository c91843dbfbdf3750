package org.vm.engine.jit.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.vm.api.cpu.CodeProfile;

/**
 * What the interpreter had seen of a region's code, by distance from the region's beginning: the same program is elsewhere
 * the next time. It is advice for {@link RegionFinder}, which reads the code itself.
 *
 * @param executed guest instructions that the region ran: how much it matters
 */
record RegionProfile(Mark mark, long executed, List<Block> blocks) {
    /**
     * How its beginning is recognized: where in a page it is, in what context, and its first two parcels. Other code with
     * the same mark is translated early, too, which costs time and nothing else.
     */
    record Mark(int pageOffset, int context, int parcels) {
        static Mark of(long pc, int context, int first, int second) {
            return new Mark((int) (pc & PAGE_SIZE - 1), context, first & 0xFFFF | second << 16);
        }
    }

    /**
     * Straight-line code.
     *
     * @param offset  distance from the region's beginning
     * @param entries times that it was entered
     * @param targets where its calculated jump went, as distances from the region's beginning
     */
    record Block(long offset, long entries, long[] targets) {
        /** The same code in two places of a region. */
        private Block plus(Block other) {
            return new Block(offset, Math.max(entries, other.entries),
                    LongStream.concat(Arrays.stream(targets), Arrays.stream(other.targets)).distinct().toArray());
        }
    }

    static final int PAGE_SIZE = 4096;
    private static final long[] NONE = {};

    /** What is worth to be remembered; {@code null} of code that cannot be recognized. */
    static RegionProfile of(Region region) {
        short[] parcels = region.code().isEmpty() ? new short[0] : region.code().getFirst().parcels();
        if (parcels.length < 2 || region.code().getFirst().pc() != region.pc()) {
            return null;
        }
        Map<Long, Block> blocks = new HashMap<>();
        for (Node node : region.nodes()) {
            long[] targets = node.ending instanceof Node.End.Calculated calculated
                    ? calculated.targets().stream().mapToLong(edge -> edge.pc - region.pc()).toArray() : NONE;
            blocks.merge(node.pc - region.pc(), new Block(node.pc - region.pc(), node.entries, targets), Block::plus);
        }
        return new RegionProfile(Mark.of(region.pc(), region.context(), parcels[0], parcels[1]), 0,
                List.copyOf(blocks.values()));
    }

    RegionProfile after(long instructions) {
        return new RegionProfile(mark, instructions, blocks);
    }

    /** What was seen then, where {@code present} has not seen more, for a region that begins at {@code pc}. */
    CodeProfile at(long pc, CodeProfile present) {
        Map<Long, Block> byPc = new HashMap<>();
        blocks.forEach(block -> byPc.put(pc + block.offset, block));
        return new CodeProfile() {
            @Override
            public long entries(long address) {
                Block block = byPc.get(address);
                long entries = present.entries(address);
                return block == null ? entries : Math.max(entries, block.entries);
            }

            @Override
            public long[] targets(long address) {
                long[] targets = present.targets(address);
                Block block = byPc.get(address);
                return targets.length > 0 || block == null ? targets : Arrays.stream(block.targets).map(t -> t + pc).toArray();
            }
        };
    }
}
