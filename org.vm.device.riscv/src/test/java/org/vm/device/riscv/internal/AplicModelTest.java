package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.vm.api.irq.InterruptFile;

/** The APLIC against a model that is the specification's text (AIA 1.0, 4.5 to 4.9) and nothing else. */
class AplicModelTest {
    private static final int SOURCES = 40;
    private static final int HARTS = 2;
    private static final long[] BASE = {0x0c00_0000, 0x0d00_0000};
    private static final int[] LINE = {11, 9};
    private static final int[] MODES = {0, 1, 4, 5, 6, 7};

    enum Kind { RAISE, LOWER, CONFIGURE, DELEGATE, TARGET, SET_PENDING, CLEAR_PENDING, ENABLE, DISABLE, DOMAIN, DELIVERY, THRESHOLD, CLAIM }

    record Action(Kind kind, int domain, int source, int value) {}

    @Provide
    Arbitrary<List<Action>> actions() {
        return Combinators.combine(Arbitraries.of(Kind.class), Arbitraries.of(0, 1, 1), Arbitraries.integers().between(1, SOURCES),
                Arbitraries.integers().between(0, 0xFF)).as(Action::new).list().ofMaxSize(300);
    }

    private static final class Source {
        boolean wire;
        boolean delegated = true;
        int mode;
        boolean pending;
        boolean enabled;
        int hart;
        int number;

        int domain() {
            return delegated ? 1 : 0;
        }

        boolean input() {
            return mode >= 4 && wire != (mode == 5 || mode == 7);
        }
    }

    /** Messages that came, in the order of their coming, as {@code level hart identity}. */
    private static final class Files extends ArrayList<String> {
        void take(FakeMachine machine) {
            for (int domain = 0; domain < 2; domain++) {
                for (int hart = 0; hart < HARTS; hart++) {
                    InterruptFile file = machine.file(hart, LINE[domain]);
                    file.modify(0xC0, -1, 0);
                    for (int identity = file.claim(); identity != 0; identity = file.claim()) {
                        add(domain + " " + hart + " " + identity);
                    }
                }
            }
        }
    }

    private final Source[] sources = new Source[SOURCES + 1];
    private final boolean[] on = new boolean[2];
    private final boolean[][] delivery = new boolean[2][HARTS];
    private final int[][] threshold = new int[2][HARTS];
    private final List<String> expected = new ArrayList<>();

    @Property(tries = 300)
    void behavesAsTheSpecificationSays(@ForAll("actions") List<Action> actions, @ForAll boolean messages) {
        FakeMachine machine = new FakeMachine(HARTS);
        machine.place(new Imsic("imsic"), 0x2800_0000);
        Aplic aplic = machine.place(new Aplic("aplic", SOURCES, messages), BASE[1]);
        Files files = new Files();
        reset();
        for (Action action : actions) {
            Source source = sources[action.source()];
            int domain = action.domain();
            long base = BASE[domain];
            boolean here = domain == source.domain();
            boolean active = here && source.mode != 0;
            int hart = action.value() & 1;
            switch (action.kind()) {
                case RAISE, LOWER -> {
                    boolean level = action.kind() == Kind.RAISE;
                    boolean before = source.input();
                    source.wire = level;
                    if (source.input() && !before) {
                        source.pending = true;
                    }
                    aplic.line(action.source()).set(level);
                }
                case CONFIGURE -> {
                    int mode = MODES[action.value() % MODES.length];
                    machine.store(base + 4L * action.source(), mode);
                    if (domain == 0 && source.delegated) {
                        forget(source, messages);
                        source.delegated = false;
                        source.mode = 0;
                        here = true;
                    }
                    if (here) {
                        if (source.mode == 0 || mode == 0) {
                            forget(source, messages);
                        }
                        source.mode = mode;
                        // What an implementation may do (4.5.2), this one does for levels.
                        source.pending |= mode >= 6 && source.input();
                    }
                }
                case DELEGATE -> {
                    machine.store(BASE[0] + 4L * action.source(), 1 << 10);
                    if (!source.delegated) {
                        forget(source, messages);
                        source.delegated = true;
                        source.mode = 0;
                    }
                }
                case TARGET -> {
                    int number = messages ? action.value() % 64 : action.value();
                    machine.store(base + 0x3000 + 4L * action.source(), hart << 18 | number);
                    if (active) {
                        source.hart = hart;
                        source.number = messages ? number : Math.max(1, number);
                    }
                }
                case SET_PENDING, CLEAR_PENDING -> {
                    boolean set = action.kind() == Kind.SET_PENDING;
                    machine.store(base + (set ? 0x1CDC : 0x1DDC), action.source());
                    boolean possible = source.mode < 6 || messages && (!set || source.input());
                    source.pending = active && possible ? set : source.pending;
                }
                case ENABLE, DISABLE -> {
                    boolean enable = action.kind() == Kind.ENABLE;
                    machine.store(base + (enable ? 0x1EDC : 0x1FDC), action.source());
                    source.enabled = active ? enable : source.enabled;
                }
                case DOMAIN -> {
                    on[domain] = (action.value() & 3) != 0;
                    machine.store(base, on[domain] ? 1 << 8 : 0);
                }
                case DELIVERY -> {
                    delivery[domain][hart] = (action.value() & 2) != 0;
                    machine.store(base + 0x4000 + 32L * hart, action.value() >> 1 & 1);
                }
                case THRESHOLD -> {
                    threshold[domain][hart] = action.value();
                    machine.store(base + 0x4008 + 32L * hart, action.value());
                }
                case CLAIM -> {
                    int top = messages ? 0 : top(domain, hart);
                    assertEquals(top == 0 ? 0 : top << 16 | sources[top].number, machine.load(base + 0x401C + 32L * hart));
                    if (top != 0 && sources[top].mode < 6) {
                        sources[top].pending = false;
                    }
                }
            }
            follow(messages);
            if (messages) {
                files.take(machine);
                assertEquals(expected.stream().sorted().toList(), files.stream().sorted().toList());
                files.clear();
                expected.clear();
            }
            compare(machine, messages);
        }
    }

    private void reset() {
        for (int i = 1; i <= SOURCES; i++) {
            sources[i] = new Source();
        }
        for (int domain = 0; domain < 2; domain++) {
            on[domain] = false;
            for (int hart = 0; hart < HARTS; hart++) {
                delivery[domain][hart] = false;
                threshold[domain][hart] = 0;
            }
        }
        expected.clear();
    }

    private static void forget(Source source, boolean messages) {
        source.pending = false;
        source.enabled = false;
        source.hart = 0;
        source.number = messages ? 0 : 1;
    }

    /** What happens by itself. */
    private void follow(boolean messages) {
        for (int i = 1; i <= SOURCES; i++) {
            Source source = sources[i];
            if (source.mode >= 6 && (!messages || !source.input())) {
                source.pending = source.input();
            }
            if (messages && source.mode != 0 && source.pending && source.enabled && on[source.domain()]) {
                source.pending = false;
                if (source.number != 0) {
                    expected.add(source.domain() + " " + source.hart + " " + source.number);
                }
            }
        }
    }

    private int top(int domain, int hart) {
        int best = 0;
        for (int i = 1; i <= SOURCES; i++) {
            Source source = sources[i];
            if (source.domain() == domain && source.mode != 0 && source.pending && source.enabled && source.hart == hart
                    && (threshold[domain][hart] == 0 || source.number < threshold[domain][hart])
                    && (best == 0 || source.number < sources[best].number)) {
                best = i;
            }
        }
        return best;
    }

    private void compare(FakeMachine machine, boolean messages) {
        for (int domain = 0; domain < 2; domain++) {
            for (int hart = 0; hart < HARTS && !messages; hart++) {
                assertEquals(on[domain] && delivery[domain][hart] && top(domain, hart) != 0, machine.cpuLevel(hart, LINE[domain]));
            }
            for (int i = 1; i <= SOURCES; i++) {
                Source source = sources[i];
                boolean active = source.domain() == domain && source.mode != 0;
                assertEquals(active && source.pending, bit(machine, BASE[domain] + 0x1C00, i), "pending " + i);
                assertEquals(active && source.input(), bit(machine, BASE[domain] + 0x1D00, i), "input " + i);
                assertEquals(active && source.enabled, bit(machine, BASE[domain] + 0x1E00, i), "enabled " + i);
            }
        }
    }

    private static boolean bit(FakeMachine machine, long array, int source) {
        return (machine.load(array + source / 32 * 4) >>> source & 1) != 0;
    }
}
