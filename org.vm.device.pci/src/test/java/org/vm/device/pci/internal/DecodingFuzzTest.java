package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciRegisters;

/**
 * Software writes whatever it likes to configuration space while cards come and go. After each step, a model that knows
 * nothing but the registers, as software reads them, says which BAR answers to an address, and the bus must agree.
 */
class DecodingFuzzTest {
    private static final int PORTS = 3;
    private static final int INTEGRATED = 0x1e;
    private static final int STEPS = 250;
    private static final long IO_WINDOW = 0x0300_0000;
    private static final long MEMORY = 0x4000_0000;
    private static final long HIGH = 0x4_0000_0000L;
    private static final Window[] WINDOWS = {new Window(IO_WINDOW, true, 0, 0x10000),
        new Window(MEMORY, false, MEMORY, 0x4000_0000), new Window(HIGH, false, HIGH, 16L << 30)};

    /** What a machine address leads to. */
    private record Window(long address, boolean io, long first, long size) {
        boolean holds(Range range) {
            return range.io == io && Long.compareUnsigned(range.base, first) >= 0
                    && Long.compareUnsigned(range.base + range.size - 1, first + size - 1) <= 0
                    && Long.compareUnsigned(range.base, range.base + range.size - 1) <= 0;
        }
    }

    /** @param owner what is read there; {@code null}: something that has values of its own */
    private record Range(boolean io, long base, long size, Marked owner) {
        boolean contains(long address) {
            return Long.compareUnsigned(address - base, size) < 0;
        }

        boolean overlaps(Range other) {
            return contains(other.base) || other.contains(base);
        }
    }

    /** Registers that tell whose they are. */
    private record Marked(int mark, long size) implements PciRegisters {
        @Override
        public long read(long offset, int width) {
            if (offset < 0 || offset + width > size) {
                throw new AssertionError("an access of " + width + " bytes at " + offset + " of " + size);
            }
            return (mark * 0x0101_0101_0101_0101L ^ offset) & AddressWindow.allOnes(width);
        }

        @Override
        public void write(long offset, int width, long value) {
            read(offset, width);
        }
    }

    /** Three BARs of all kinds, of sizes that are no powers of two, and an MSI-X table. */
    private record Card(FakeCard card, Marked memory, Marked prefetchable, Marked io) {
        static Card of(int number) {
            Marked memory = new Marked(number * 3 + 1, 0x100);
            Marked prefetchable = new Marked(number * 3 + 2, 0x5000);
            Marked io = new Marked(number * 3 + 3, 0x14);
            return new Card(new FakeCard("card" + number, FakeCard.plain().bar(0, PciBar.Kind.MEMORY, memory)
                    .bar(2, PciBar.Kind.PREFETCHABLE, prefetchable).bar(4, PciBar.Kind.IO, io).msi(2).msix(3)),
                    memory, prefetchable, io);
        }
    }

    @Property(tries = 200, shrinking = ShrinkingMode.OFF)
    void whatAnswersToAnAddressIsWhatTheRegistersSay(@ForAll long seed) {
        new Run(new Random(seed)).go();
    }

    private static final class Run {
        private final Random random;
        private final FakeMachine machine = new FakeMachine(PORTS);
        /** By the device number on the root bus: 1 to 3 are ports. */
        private final Map<Integer, Card> cards = new HashMap<>();
        private int made;

        Run(Random random) {
            this.random = random;
        }

        void go() {
            for (int place : new int[] {1, 2, INTEGRATED}) {
                plug(place);
            }
            for (int port = 1; port <= PORTS; port++) {
                machine.config(0, port, Header.SECONDARY_BUS, port);
            }
            for (int step = 0; step < STEPS; step++) {
                act();
                if (step % 4 == 0) {
                    compare();
                }
            }
            machine.host.reset();
            compare();
            for (Card card : List.copyOf(cards.values())) {
                machine.host.unplug(card.card);
            }
            cards.clear();
            compare();
        }

        private void plug(int place) {
            Card card = Card.of(made++ % 20);
            cards.put(place, card);
            machine.host.plug(card.card, place <= PORTS ? "slot" + place : "00:%02x".formatted(place));
        }

        private void act() {
            int place = random.nextInt(5);
            place = place == 4 ? INTEGRATED : place;
            switch (random.nextInt(12)) {
                case 0 -> {
                    if (place != 0 && cards.containsKey(place)) {
                        machine.host.unplug(cards.remove(place).card);
                    } else if (place != 0) {
                        plug(place);
                    }
                }
                case 1, 2 -> bridge(1 + random.nextInt(PORTS));
                case 3 -> anything();
                case 4 -> machine.store(address(), 1 << random.nextInt(4), random.nextLong());
                case 5 -> link(1 + random.nextInt(PORTS));
                default -> endpoint(place);
            }
        }

        /** An access of any width, aligned or not, to any register of any function, there or not. */
        private void anything() {
            long offset = (random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(2)) << 20
                    | (random.nextInt(3) == 0 ? random.nextInt(32) : random.nextInt(5)) << 15
                    | (random.nextInt(4) == 0 ? random.nextInt(8) : 0) << 12 | random.nextInt(random.nextInt(4) == 0 ? 4096 : 0x80);
            int width = 1 << random.nextInt(4);
            if (random.nextBoolean()) {
                machine.host.write(offset, width, random.nextLong() & AddressWindow.allOnes(width));
            }
            machine.host.read(offset, width);
        }

        private void endpoint(int place) {
            int bus = place == INTEGRATED ? 0 : machine.config(0, Math.max(1, place), Header.SECONDARY_BUS);
            int device = place == INTEGRATED ? place : 0;
            if (bus == 0 && device == 0) {
                return;
            }
            switch (random.nextInt(6)) {
                case 0 -> machine.config(bus, device, Header.COMMAND, random.nextInt(3) == 0 ? random.nextInt() : 7);
                case 1 -> machine.config(bus, device, new Field(Header.BAR_0.offset(), 4), place());
                case 2 -> {
                    long to = random.nextBoolean() ? place() : HIGH + random.nextInt(8) * 0x8000L;
                    machine.config(bus, device, new Field(Header.BAR_0.offset() + 8, 4), to);
                    machine.config(bus, device, new Field(Header.BAR_0.offset() + 12, 4), to >>> 32);
                }
                case 3 -> machine.config(bus, device, new Field(Header.BAR_0.offset() + 16, 4),
                        random.nextInt(5) == 0 ? random.nextInt() : 0x1000 + random.nextInt(16) * 0x20);
                case 4 -> machine.config(bus, device, new Field(Header.BAR_0.offset() + 4, 4), place());
                default -> {
                    int power = machine.capability(bus, device, 1);
                    if (power != 0) {
                        machine.config(bus, device, new Field(power + 4, 2), random.nextInt(3) == 0 ? random.nextInt(4) : 0);
                    }
                }
            }
        }

        /** An address that makes BARs meet, in windows, at their ends, and beyond. */
        private long place() {
            return switch (random.nextInt(8)) {
                case 0 -> random.nextInt();
                case 1 -> MEMORY - 0x1000;
                case 2 -> MEMORY + 0x3fff_f000L;
                case 3 -> 0xffff_f000L;
                case 4 -> FakeMachine.RAM;
                default -> MEMORY + random.nextInt(12) * 0x1000L;
            };
        }

        private void bridge(int port) {
            switch (random.nextInt(5)) {
                case 0 -> machine.config(0, port, Header.COMMAND, random.nextInt(3) == 0 ? random.nextInt() : 7);
                case 1 -> {
                    machine.config(0, port, Header.MEMORY_BASE, random.nextInt(4) == 0 ? random.nextInt() : MEMORY >>> 16);
                    machine.config(0, port, Header.MEMORY_LIMIT, random.nextInt(4) == 0 ? random.nextInt() : MEMORY + 0x10_0000 >>> 16);
                }
                case 2 -> {
                    machine.config(0, port, Header.PREFETCHABLE_BASE, 0);
                    machine.config(0, port, Header.PREFETCHABLE_LIMIT, random.nextInt(2) * 0x10);
                    machine.config(0, port, Header.PREFETCHABLE_BASE_UPPER, random.nextInt(4) == 0 ? random.nextInt() : 4);
                    machine.config(0, port, Header.PREFETCHABLE_LIMIT_UPPER, random.nextInt(4) == 0 ? random.nextInt() : 4);
                }
                case 3 -> {
                    machine.config(0, port, Header.IO_BASE, random.nextInt(4) == 0 ? random.nextInt() : 0x10);
                    machine.config(0, port, Header.IO_LIMIT, random.nextInt(4) == 0 ? random.nextInt() : 0x10);
                }
                default -> machine.config(0, port, Header.SECONDARY_BUS, random.nextInt(4) == 0 ? random.nextInt(256) : port);
            }
        }

        private void link(int port) {
            boolean off = random.nextInt(3) == 0;
            int express = machine.capability(0, port, 0x10);
            switch (random.nextInt(3)) {
                case 0 -> machine.config(0, port, Header.BRIDGE_CONTROL, off ? Header.SECONDARY_BUS_RESET : 0);
                case 1 -> machine.config(0, port, Express.SLOT_CONTROL.at(express), off ? 1 << 10 : 0);
                default -> machine.config(0, port, Express.LINK_CONTROL.at(express), off ? 1 << 4 : 0);
            }
        }

        /** An address of a window, mostly where BARs are. */
        private long address() {
            return switch (random.nextInt(8)) {
                case 0 -> IO_WINDOW + random.nextInt(0x10000);
                case 1 -> IO_WINDOW + 0x1000 + random.nextInt(0x200);
                case 2 -> HIGH + random.nextInt(0x50000);
                case 3 -> MEMORY + random.nextInt(0x4000_0000);
                default -> MEMORY + random.nextInt(0xd000);
            };
        }

        private void compare() {
            Map<Window, List<Range>> answers = answers();
            for (int i = 0; i < 40; i++) {
                long at = address();
                int width = 1 << random.nextInt(4);
                for (Window window : WINDOWS) {
                    if (at - window.address >= 0 && at - window.address < window.size) {
                        check(window, answers.get(window), at, width);
                    }
                }
            }
        }

        private void check(Window window, List<Range> answers, long at, int width) {
            long bus = at - window.address + window.first;
            long found = machine.load(at, width);
            Range range = answers.stream().filter(each -> each.contains(bus)).findFirst().orElse(null);
            if (range == null) {
                assertEquals(AddressWindow.allOnes(width), found, "nobody is at 0x" + Long.toHexString(at));
            } else if (range.owner != null) {
                long offset = bus - range.base;
                assertEquals(offset + width <= range.owner.size ? range.owner.read(offset, width) : 0, found,
                        "0x%x is %s".formatted(at, range));
            }
        }

        private Map<Window, List<Range>> answers() {
            List<Range> wanted = new ArrayList<>();
            int[] numbers = new int[PORTS + 1];
            for (int port = 1; port <= PORTS; port++) {
                numbers[port] = machine.config(0, port, Header.SECONDARY_BUS);
                machine.config(0, port, Header.SECONDARY_BUS, 0x80 + port);
            }
            for (int port = 1; port <= PORTS; port++) {
                if (machine.config(0x80 + port, 0, Header.VENDOR_ID) == FakeCard.VENDOR) {
                    int bridge = port;
                    wants(0x80 + port, 0, cards.get(port)).stream().filter(range -> forwards(bridge, range)).forEach(wanted::add);
                }
            }
            for (int port = 1; port <= PORTS; port++) {
                machine.config(0, port, Header.SECONDARY_BUS, numbers[port]);
            }
            if (cards.containsKey(INTEGRATED)) {
                wanted.addAll(wants(0, INTEGRATED, cards.get(INTEGRATED)));
            }
            Map<Window, List<Range>> answers = new HashMap<>();
            for (Window window : WINDOWS) {
                List<Range> accepted = new ArrayList<>();
                for (Range range : wanted) {
                    if (window.holds(range) && accepted.stream().noneMatch(range::overlaps)) {
                        accepted.add(range);
                    }
                }
                answers.put(window, accepted);
            }
            return answers;
        }

        private long read(int bus, int device, int offset, int width) {
            return machine.config(bus, device, new Field(offset, width)) & AddressWindow.allOnes(width);
        }

        private List<Range> wants(int bus, int device, Card card) {
            long command = read(bus, device, 4, 2);
            int power = machine.capability(bus, device, 1);
            List<Range> all = new ArrayList<>();
            if ((read(bus, device, power + 4, 2) & 3) != 0) {
                return all;
            }
            if ((command & 2) != 0) {
                all.add(new Range(false, read(bus, device, 0x10, 4) & ~0xfL, 0x1000, card.memory));
                all.add(new Range(false, (read(bus, device, 0x18, 4) | read(bus, device, 0x1c, 4) << 32) & ~0xfL, 0x8000,
                        card.prefetchable));
            }
            if ((command & 1) != 0) {
                all.add(new Range(true, read(bus, device, 0x20, 4) & ~3L, 0x20, card.io));
            }
            if ((command & 2) != 0) {
                all.add(new Range(false, read(bus, device, 0x14, 4) & ~0xfL, 0x1000, null));
            }
            return all;
        }

        private boolean forwards(int port, Range range) {
            long command = read(0, port, 4, 2);
            if (range.io) {
                return (command & 1) != 0 && within(range, (read(0, port, 0x1c, 1) & 0xf0) << 8, (read(0, port, 0x1d, 1) & 0xf0) << 8 | 0xfff);
            }
            return (command & 2) != 0 && (within(range, (read(0, port, 0x20, 2) & 0xfff0) << 16, (read(0, port, 0x22, 2) & 0xfff0) << 16 | 0xfffff)
                    || within(range, (read(0, port, 0x24, 2) & 0xfff0) << 16 | read(0, port, 0x28, 4) << 32,
                            (read(0, port, 0x26, 2) & 0xfff0) << 16 | 0xfffff | read(0, port, 0x2c, 4) << 32));
        }

        private static boolean within(Range range, long base, long limit) {
            return Long.compareUnsigned(range.base, base) >= 0 && Long.compareUnsigned(range.base + range.size - 1, limit) <= 0;
        }
    }
}
