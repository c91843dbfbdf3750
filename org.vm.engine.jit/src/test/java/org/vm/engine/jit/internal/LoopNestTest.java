package org.vm.engine.jit.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.vm.api.cpu.CodeProfile;
import org.vm.api.isa.DecodedRow;

class LoopNestTest {
    private static final DecodedRow ROW = new DecodedRow(null, "nop", 0, 4, new long[0], -1, 0);
    private static final int SIZE = 20;

    private final Map<Long, Node> nodes = new LinkedHashMap<>();
    /** Of places that are not in the region, too. */
    private final Map<Long, Long> counts = new LinkedHashMap<>();
    private Set<Long> known = Set.of();
    private List<Long> returns = List.of();

    private final CodeProfile profile = new CodeProfile() {
        @Override
        public long entries(long pc) {
            return counts.getOrDefault(pc, 0L);
        }

        @Override
        public long[] targets(long pc) {
            return new long[0];
        }
    };

    /** Twenty instructions that ran so often, and where they lead. */
    private void node(long pc, long entries, long... next) {
        Node node = new Node(pc, null, Collections.nCopies(SIZE, ROW), new long[SIZE], pc + 4 * SIZE, entries);
        List<Node.Edge> edges = Arrays.stream(next).mapToObj(Node.Edge::new).toList();
        node.ending = edges.size() == 2 ? new Node.End.Branch(edges.getFirst(), edges.getLast()) : new Node.End.Calculated(edges);
        nodes.put(pc, node);
        counts.put(pc, entries);
    }

    private LoopNest.Part around(long pc) {
        nodes.values().forEach(node -> node.ending.edges().forEach(edge -> edge.node = nodes.get(edge.pc)));
        return new LoopNest(nodes.values(), profile, known::contains)
                .around(nodes.get(pc), returns.stream().map(nodes::get).toList());
    }

    private void isPart(long first, Long header, Long... pcs) {
        LoopNest.Part part = around(first);
        assertEquals(Set.of(pcs), part.nodes().stream().map(node -> node.pc).collect(Collectors.toSet()));
        assertEquals(header, part.header() == null ? null : (Long) part.header().pc);
    }

    /** A loop (2) within one (1, 2, 3), both entered at their first nodes. */
    private void nested(long inner) {
        node(0, 1, 1);
        node(1, 1000, 2);
        node(2, inner, 2, 3);
        node(3, 1000, 1, 4);
        counts.put(4L, 1L);
    }

    @Test
    void aLoopThatRunsLongIsARegion() {
        nested(64_000);
        isPart(2, 2L, 2L);
        isPart(1, null, 1L);
        isPart(3, null, 3L, 1L);
    }

    @Test
    void aLoopOfFewTurnsBelongsToTheOneAroundIt() {
        nested(4_000);
        isPart(2, 1L, 1L, 2L, 3L);
        isPart(3, 1L, 1L, 2L, 3L);
    }

    /** Since it is translated nobody counts its turns, but what comes after it. */
    @Test
    void aLoopThatIsARegionRemainsOne() {
        nested(900);
        known = Set.of(2L);
        isPart(2, 2L, 2L);
        isPart(3, null, 3L, 1L);
    }

    /** The region was found from the inner loop, and what enters the outer one is not in it. */
    @Test
    void twoLoopsWithOneHeader() {
        node(2, 64_000, 2, 3);
        node(3, 1000, 1, 4);
        node(1, 1000, 2);
        counts.put(4L, 1L);
        isPart(2, 2L, 2L);
        isPart(3, null, 3L, 1L);
    }

    /** The inner one is known to be a region, and its turns have not been counted since. */
    @Test
    void aKnownLoopWithinOneThatTheRegionBeginsWith() {
        node(1, 300, 2);
        node(2, 900, 2, 3);
        node(3, 300, 1, 4);
        known = Set.of(2L);
        isPart(1, null, 1L);
    }

    /** Nothing is known of what comes after it: it runs until the program ends. */
    @Test
    void aLoopThatIsNeverLeft() {
        node(1, 50_000, 2);
        node(2, 50_000, 1);
        isPart(2, 1L, 1L, 2L);
    }

    @Test
    void aLoopBeginsWhereItIsEntered() {
        node(1, 100, 3);
        node(2, 50_000, 3);
        node(3, 50_100, 2, 4);
        node(4, 100, 1, 5);
        counts.put(5L, 1L);
        isPart(2, 3L, 2L, 3L);
        isPart(4, null, 4L, 1L);
    }

    /** Short visits do not pay, however often there are turns. */
    @Test
    void leavingARegionCosts() {
        nested(20_000);
        isPart(2, 1L, 1L, 2L, 3L);
    }

    /** What a guest's interpreter runs most often at present is not all that it will run. */
    @Test
    void aLoopThatJumpsToManyPlacesIsWhole() {
        node(1, 100_000, 2, 3, 4);
        node(2, 99_000, 1);
        node(3, 1_000, 1);
        node(4, 10, 1, 5);
        counts.put(5L, 1L);
        isPart(1, null, 1L, 2L, 3L, 4L);
        isPart(3, null, 1L, 2L, 3L, 4L);
    }

    @Test
    void codeWithoutALoopIsWhole() {
        node(1, 500, 2, 3);
        node(2, 300, 3);
        node(3, 500);
        isPart(1, null, 1L, 2L, 3L);
        assertNull(around(3).header());
    }

    @Test
    void whereCallsReturnToIsAnEntryUnlessItIsInALoop() {
        node(1, 500);
        node(2, 500, 3);
        node(3, 500);
        node(4, 500, 5);
        node(5, 900, 4, 6);
        node(6, 500);
        returns = List.of(2L, 4L);
        isPart(1, null, 1L, 2L, 3L);
        assertEquals(List.of(nodes.get(2L)), around(1).entries());
        isPart(4, null, 2L, 3L, 4L, 5L, 6L);
    }
}
