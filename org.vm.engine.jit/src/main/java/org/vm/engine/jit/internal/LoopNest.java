package org.vm.engine.jit.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;
import org.vm.api.cpu.CodeProfile;

/**
 * The loops of a region, inner ones within outer ones, and which of them should be regions of their own: those that run long
 * whenever they are entered. HotSpot keeps what a loop needs in registers only if little else is alive there, and in a larger
 * region everything is that the region uses anywhere (docs/decisions/0030-a-loop-is-a-region.md).
 */
final class LoopNest {
    /** Turns of a visit, on average, that make a loop a region of its own. */
    private static final int TURNS = 8;
    /** Instructions of a visit that do: to leave a region and enter another one, and back, takes as long as some two hundred. */
    static final int VISIT = 700;

    /**
     * What belongs to one region.
     *
     * @param header  where it should begin, if it is a loop; {@code null} if it is none
     * @param entries where it can be entered, besides where it begins
     */
    record Part(Set<Node> nodes, Node header, List<Node> entries) {}

    private record Loop(Set<Node> nodes, Node header, List<Loop> inner) {}

    private final CodeProfile profile;
    private final LongPredicate isKnown;
    private final Collection<Node> nodes;
    private final List<Loop> outermost;

    /** @param isKnown whether a loop at this place is a region of its own: nobody counts what runs there any more */
    LoopNest(Collection<Node> nodes, CodeProfile profile, LongPredicate isKnown) {
        this.profile = profile;
        this.isKnown = isKnown;
        this.nodes = nodes;
        outermost = loops(nodes, nodes);
    }

    /**
     * The part that {@code first} is in: the smallest loop around it that is a region of its own, or all,
     * without such loops that it is not in.
     *
     * @param returns where it is come back to, from calls that lead out of it: entries, unless they are in a loop, of which
     *                HotSpot wants to have one entry
     */
    Part around(Node first, Collection<Node> returns) {
        Set<Node> left = new LinkedHashSet<>(nodes);
        Node header = divide(outermost, first, left);
        if (header != null) {
            Set<Node> loop = reachable(header, left);
            if (loop.contains(first) && isCycle(loop, header)) {
                return new Part(loop, header, List.of());
            }
        }
        List<Node> entries = returns.stream()
                .filter(node -> node != first && left.contains(node) && outermost.stream().noneMatch(l -> l.nodes.contains(node)))
                .toList();
        // What is left of a loop without the loops in it leads from one of those to the next.
        Set<Node> reached = reachable(first, left);
        entries.forEach(entry -> reached.addAll(reachable(entry, left)));
        return new Part(reached, null, entries);
    }

    /** Takes from {@code left} what is not in the part of {@code first}; returns that part's header if it is a loop. */
    private Node divide(List<Loop> loops, Node first, Set<Node> left) {
        for (Loop loop : loops) {
            Node header = divide(loop.inner, first, left);
            if (header != null) {
                return header;
            }
            if (left.contains(loop.header) && loop.nodes.stream().noneMatch(LoopNest::isDispatch)
                    && (runsLong(loop) || loop.nodes.stream().anyMatch(node -> left.contains(node) && isKnown.test(node.pc)))) {
                if (loop.nodes.contains(first)) {
                    left.retainAll(loop.nodes);
                    return loop.header;
                }
                left.removeAll(loop.nodes);
            }
        }
        return null;
    }

    /** A jump to many places: which of them are in a loop says little of the time until it goes to another one. */
    private static boolean isDispatch(Node node) {
        return node.ending instanceof Node.End.Calculated(List<Node.Edge> targets) && targets.size() > 1;
    }

    private boolean runsLong(Loop loop) {
        long visits = Math.max(1, visits(loop));
        long executed = loop.nodes.stream().mapToLong(node -> node.entries * node.instructions()).sum();
        return loop.header.entries / visits >= TURNS && executed / visits >= VISIT;
    }

    /** How often a loop was left: as often as what comes after it was entered, or less often. */
    private long visits(Loop loop) {
        Set<Long> after = new HashSet<>();
        long unknown = 0;
        for (Node node : loop.nodes) {
            List<Node.Edge> edges = node.ending.edges();
            edges.stream().filter(edge -> !loop.nodes.contains(edge.node)).forEach(edge -> after.add(edge.pc));
            unknown += edges.isEmpty() ? node.entries : 0;
        }
        return unknown + after.stream().mapToLong(profile::entries).sum();
    }

    private static boolean isCycle(Set<Node> nodes, Node header) {
        return nodes.stream().anyMatch(node -> node.ending.edges().stream().anyMatch(edge -> edge.node == header));
    }

    private static Set<Node> reachable(Node from, Set<Node> within) {
        Set<Node> reached = new LinkedHashSet<>();
        Deque<Node> next = new ArrayDeque<>(List.of(from));
        while (!next.isEmpty()) {
            Node node = next.pop();
            if (within.contains(node) && reached.add(node)) {
                node.ending.edges().stream().filter(edge -> edge.node != null).forEach(edge -> next.add(edge.node));
            }
        }
        return reached;
    }

    private static List<Loop> loops(Collection<Node> within, Collection<Node> all) {
        List<Loop> loops = new ArrayList<>();
        for (Set<Node> cycle : new Cycles(within).found) {
            Node header = header(cycle, all);
            Set<Node> hot = backTo(header, cycle);
            Set<Node> rest = new LinkedHashSet<>(cycle);
            List<Loop> inner = new ArrayList<>();
            if (hot.isEmpty() || hot.size() == cycle.size()) {
                rest.remove(header);
            } else {
                // Two loops with one header.
                rest.removeAll(hot);
                Set<Node> body = new LinkedHashSet<>(hot);
                body.remove(header);
                inner.add(new Loop(hot, header, loops(body, hot)));
            }
            inner.addAll(loops(rest, cycle));
            loops.add(new Loop(cycle, header, inner));
        }
        return loops;
    }

    /** The part of a loop that is between its header and the jumps which often lead back there. */
    private static Set<Node> backTo(Node header, Set<Node> loop) {
        Map<Node, List<Node>> before = new HashMap<>();
        for (Node node : loop) {
            node.ending.edges().stream().filter(edge -> loop.contains(edge.node))
                    .forEach(edge -> before.computeIfAbsent(edge.node, _ -> new ArrayList<>()).add(node));
        }
        Set<Node> part = new LinkedHashSet<>();
        Deque<Node> next = new ArrayDeque<>();
        before.getOrDefault(header, List.of()).stream().filter(latch -> latch.entries * TURNS > header.entries).forEach(next::add);
        if (!next.isEmpty()) {
            part.add(header);
        }
        while (!next.isEmpty()) {
            Node node = next.pop();
            if (part.add(node)) {
                next.addAll(before.getOrDefault(node, List.of()));
            }
        }
        return part;
    }

    /** Where a loop is entered most often; one that nothing else leads to is where the region begins. */
    private static Node header(Set<Node> loop, Collection<Node> all) {
        Map<Node, Long> entered = new HashMap<>();
        for (Node node : all) {
            if (!loop.contains(node)) {
                node.ending.edges().stream().filter(edge -> loop.contains(edge.node))
                        .forEach(edge -> entered.merge(edge.node, node.entries, Long::sum));
            }
        }
        return entered.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey)
                .orElseGet(() -> loop.iterator().next());
    }

    /** Strongly connected components that have a cycle, by Tarjan's algorithm. */
    private static final class Cycles {
        final List<Set<Node>> found = new ArrayList<>();
        private final Set<Node> within;
        private final Map<Node, Integer> numbers = new HashMap<>();
        private final Deque<Node> open = new ArrayDeque<>();
        private final Set<Node> isOpen = new HashSet<>();

        Cycles(Collection<Node> within) {
            this.within = new LinkedHashSet<>(within);
            for (Node node : this.within) {
                if (!numbers.containsKey(node)) {
                    visit(node);
                }
            }
        }

        /** @return the least number that can be reached */
        private int visit(Node node) {
            int number = numbers.size();
            int least = number;
            numbers.put(node, number);
            open.push(node);
            isOpen.add(node);
            boolean itself = false;
            for (Node.Edge edge : node.ending.edges()) {
                Node to = edge.node;
                itself |= to == node;
                if (!within.contains(to)) {
                    continue;
                }
                if (!numbers.containsKey(to)) {
                    least = Math.min(least, visit(to));
                } else if (isOpen.contains(to)) {
                    least = Math.min(least, numbers.get(to));
                }
            }
            if (least == number) {
                Set<Node> component = new HashSet<>();
                Node member;
                do {
                    member = open.pop();
                    isOpen.remove(member);
                    component.add(member);
                } while (member != node);
                if (itself || component.size() > 1) {
                    Set<Node> ordered = new LinkedHashSet<>(within);
                    ordered.retainAll(component);
                    found.add(ordered);
                }
            }
            return least;
        }
    }
}
