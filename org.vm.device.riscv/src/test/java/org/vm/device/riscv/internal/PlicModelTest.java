package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The PLIC against a model that is the specification's text and nothing else. */
class PlicModelTest {
    private static final int SOURCES = 40;
    private static final int CONTEXTS = 4;

    enum Kind { RAISE, LOWER, PRIORITY, ENABLE, DISABLE, THRESHOLD, CLAIM, COMPLETE }

    record Action(Kind kind, int source, int context, int value) {}

    @Provide
    Arbitrary<List<Action>> actions() {
        return Combinators.combine(Arbitraries.of(Kind.class), Arbitraries.integers().between(1, SOURCES),
                Arbitraries.integers().between(0, CONTEXTS - 1), Arbitraries.integers().between(0, 7))
                .as(Action::new).list().ofMaxSize(300);
    }

    private static final class Model {
        final boolean[] wire = new boolean[SOURCES + 1];
        final boolean[] pending = new boolean[SOURCES + 1];
        final boolean[] claimed = new boolean[SOURCES + 1];
        final int[] priority = new int[SOURCES + 1];
        final boolean[][] enabled = new boolean[CONTEXTS][SOURCES + 1];
        final int[] threshold = new int[CONTEXTS];

        void gateways() {
            for (int source = 1; source <= SOURCES; source++) {
                pending[source] |= wire[source] && !claimed[source];
            }
        }

        int claim(int context) {
            int best = 0;
            for (int source = SOURCES; source >= 1; source--) {
                if (pending[source] && enabled[context][source] && priority[source] > 0
                        && priority[source] >= (best == 0 ? 0 : priority[best])) {
                    best = source;
                }
            }
            if (best != 0) {
                pending[best] = false;
                claimed[best] = true;
            }
            return best;
        }

        boolean output(int context) {
            for (int source = 1; source <= SOURCES; source++) {
                if (pending[source] && enabled[context][source] && priority[source] > threshold[context]) {
                    return true;
                }
            }
            return false;
        }
    }

    @Property(tries = 500)
    void behavesAsTheSpecificationSays(@ForAll("actions") List<Action> actions) {
        FakeMachine machine = new FakeMachine(CONTEXTS / 2);
        Plic plic = new Plic("plic", SOURCES);
        plic.attach(machine);
        Model model = new Model();
        for (Action action : actions) {
            int source = action.source();
            int context = action.context();
            long word = 0x2000 + 0x80L * context + source / 32 * 4;
            switch (action.kind()) {
                case RAISE, LOWER -> {
                    boolean level = action.kind() == Kind.RAISE;
                    plic.line(source).set(level);
                    model.wire[source] = level;
                }
                case PRIORITY -> {
                    plic.write(4L * source, 4, action.value());
                    model.priority[source] = action.value();
                }
                case ENABLE, DISABLE -> {
                    boolean on = action.kind() == Kind.ENABLE;
                    long bit = 1L << source % 32;
                    plic.write(word, 4, on ? plic.read(word, 4) | bit : plic.read(word, 4) & ~bit);
                    model.enabled[context][source] = on;
                }
                case THRESHOLD -> {
                    plic.write(0x200000 + 0x1000L * context, 4, action.value());
                    model.threshold[context] = action.value();
                }
                case CLAIM -> assertEquals(model.claim(context), plic.read(0x200004 + 0x1000L * context, 4));
                case COMPLETE -> {
                    plic.write(0x200004 + 0x1000L * context, 4, source);
                    if (model.enabled[context][source]) {
                        model.claimed[source] = false;
                    }
                }
            }
            model.gateways();
            for (int i = 0; i < CONTEXTS; i++) {
                assertEquals(model.output(i), machine.cpuLevel(i / 2, i % 2 == 0 ? 11 : 9), "wire of context " + i);
            }
            for (int i = 1; i <= SOURCES; i++) {
                assertEquals(model.pending[i], plic.source(i).pending(), "pending bit of source " + i);
            }
        }
    }
}
