package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptFile;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/** A device that was replaced, at any moment, behaves as one that was not. */
class ReplacementTest {
    private static final int SOURCES = 40;
    private static final int CPUS = 2;
    private static final int STEPS = 120;
    private static final Duration LIMIT = Duration.ofSeconds(1);

    /** A machine with one device, of which there may come new instances. */
    private static final class Board {
        final FakeMachine machine = new FakeMachine(CPUS);
        final FakeConsole console = new FakeConsole();
        final Function<FakeConsole, MmioDevice> maker;
        /** Wires that devices have set. */
        final Map<Integer, Boolean> wires = new TreeMap<>();
        final List<Long> seen = new ArrayList<>();
        MmioDevice device;

        Board(Function<FakeConsole, MmioDevice> maker) {
            this.maker = maker;
            device = maker.apply(console);
            device.attach(machine);
        }

        Stateful stateful() {
            return (Stateful) device;
        }

        DeviceState leave() {
            stateful().suspend(LIMIT);
            DeviceState state = stateful().capture();
            device.detach();
            return state;
        }

        void come(DeviceState state, boolean wiredFirst) {
            device = maker.apply(console);
            device.attach(machine);
            if (wiredFirst) {
                wires.forEach(this::tell);
            }
            stateful().restore(state);
            if (!wiredFirst) {
                wires.forEach(this::tell);
            }
            stateful().resume();
            machine.advance(0);
        }

        void wire(int source, boolean level) {
            wires.put(source, level);
            tell(source, level);
        }

        void tell(int source, boolean level) {
            if (device instanceof InterruptController controller) {
                controller.line(source).set(level);
            }
        }

        void type(String text) {
            for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
                console.typed.add(b);
            }
            if (console.listener != null) {
                console.listener.inputAvailable();
            }
        }

        List<MmioDevice> parts() {
            List<MmioDevice> parts = new ArrayList<>(List.of(device));
            machine.mappings().stream().map(Mapping::device).forEach(parts::add);
            return parts;
        }

        /** All that a guest can see without changing anything. */
        String outside() {
            StringBuilder lines = new StringBuilder("line " + machine.interrupt);
            for (int cpu = 0; cpu < CPUS; cpu++) {
                for (int number = 0; number < 16; number++) {
                    lines.append(machine.cpuLevel(cpu, number) ? " " + cpu + "." + number : "");
                    InterruptFile file = machine.file(cpu, number);
                    for (int register = 0x70; file != null && register < 0xC8; register += 2) {
                        lines.append(' ').append(file.read(register));
                    }
                }
            }
            return lines.append(" printed ").append(console.printed).append(" status ").append(device.status()).append(' ')
                    .append(device.info()).toString();
        }
    }

    private static final int[] OFFSETS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 0xc, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x80, 0x84, 0x1000, 0x1004,
        0x1c00, 0x1c04, 0x1cdc, 0x1d00, 0x1ddc, 0x1e00, 0x1e04, 0x1edc, 0x1f00, 0x1fdc, 0x2000, 0x2004, 0x2080, 0x2084, 0x2100, 0x3000,
        0x3004, 0x3008, 0x3020, 0x4000, 0x4004, 0x4008, 0x4018, 0x401c, 0x4020, 0x4028, 0x403c, 0x7ff8, 0x7ffc, 0xbff8, 0x200000,
        0x200004, 0x201000, 0x201004, 0x203004};

    private static void step(Random random, Board board) {
        switch (random.nextInt(10)) {
            case 0 -> board.wire(1 + random.nextInt(SOURCES), random.nextBoolean());
            case 1 -> board.type("abcdefghijklmnopqrstuvwxyz".substring(random.nextInt(26)));
            case 2 -> board.machine.advance(random.nextInt(2_000_000));
            case 3 -> {
                int cpu = random.nextInt(CPUS);
                InterruptFile file = board.machine.file(cpu, random.nextBoolean() ? 9 : 11);
                int register = new int[] {0x70, 0x72, 0x80, 0x82, 0xC0, 0xC2}[random.nextInt(6)];
                long set = register == 0x70 ? 1 : random.nextLong() & random.nextLong();
                long clear = register == 0x70 ? 0 : random.nextLong() & random.nextLong() & random.nextLong();
                boolean claim = random.nextInt(3) == 0;
                if (file != null) {
                    board.seen.add(claim ? file.claim() : file.modify(register, set, clear));
                }
            }
            default -> {
                long offset = random.nextInt(4) == 0 ? 4L * random.nextInt(SOURCES + 2) : OFFSETS[random.nextInt(OFFSETS.length)];
                int width = new int[] {1, 4, 4, 8}[random.nextInt(4)];
                long value = switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(8);
                    case 1 -> 1L << random.nextInt(32);
                    case 2 -> random.nextInt(3_000) * 100L;
                    default -> random.nextLong();
                };
                boolean write = random.nextInt(3) != 0;
                for (MmioDevice part : board.parts()) {
                    if (offset + width > part.size()) {
                        continue;
                    }
                    if (write) {
                        part.write(offset, width, width == 8 ? value : value & (1L << 8 * width) - 1);
                    } else {
                        board.seen.add(part.read(offset, width));
                    }
                }
            }
        }
    }

    private static void replaced(long seed, Function<FakeConsole, MmioDevice> maker) {
        Board untouched = new Board(maker);
        Board replaced = new Board(maker);
        Random choice = new Random(seed);
        for (int i = 0; i < STEPS; i++) {
            long step = choice.nextLong();
            step(new Random(step), untouched);
            step(new Random(step), replaced);
            if (choice.nextInt(4) == 0) {
                replaced.stateful().suspend(LIMIT);
                DeviceState state = replaced.stateful().capture();
                boolean off = choice.nextBoolean();
                if (!off) {
                    replaced.device.detach();
                }
                meanwhile(choice.nextInt(4), choice.nextInt(SOURCES) + 1, choice.nextBoolean(), untouched, replaced, off);
                if (off) {
                    replaced.stateful().resume();
                    replaced.machine.advance(0);
                } else {
                    replaced.come(state, choice.nextBoolean());
                }
            }
            assertEquals(untouched.seen, replaced.seen, "seed " + seed + ", step " + i);
            assertEquals(untouched.outside(), replaced.outside(), "seed " + seed + ", step " + i);
        }
    }

    /** What happens while the place is kept. */
    private static void meanwhile(int what, int source, boolean level, Board untouched, Board replaced, boolean stillThere) {
        switch (what) {
            case 0 -> {
                untouched.wire(source, level);
                replaced.wires.put(source, level);
                if (stillThere) {
                    replaced.tell(source, level);
                }
            }
            case 1 -> {
                untouched.type("typed");
                replaced.type("typed");
            }
            case 2 -> {
                untouched.machine.advance(500_000);
                replaced.machine.advance(500_000);
            }
            default -> { }
        }
    }

    @Property(tries = 150)
    void aSerialPortThatWasReplacedGoesOn(@ForAll long seed) {
        replaced(seed, console -> new Uart16550("uart", console));
    }

    @Property(tries = 150)
    void aTimerThatWasReplacedGoesOn(@ForAll long seed) {
        replaced(seed, console -> new Clint("clint"));
        replaced(seed, console -> new AclintMtimer("mtimer", 0));
        replaced(seed, console -> new AclintSwi("sswi", AclintSwi.SUPERVISOR));
        replaced(seed, console -> new AclintSwi("mswi", AclintSwi.MACHINE));
    }

    @Property(tries = 150)
    void aClockThatWasReplacedGoesOn(@ForAll long seed) {
        replaced(seed, console -> new GoldfishRtc("rtc"));
        replaced(seed, console -> new Syscon("syscon"));
    }

    @Property(tries = 150)
    void aPlicThatWasReplacedGoesOn(@ForAll long seed) {
        replaced(seed, console -> new Plic("plic", SOURCES));
    }

    @Property(tries = 150)
    void anAplicThatWasReplacedGoesOn(@ForAll long seed) {
        replaced(seed, console -> new Aplic("aplic", SOURCES, false));
        replaced(seed, console -> new Aplic("aplic", SOURCES, true));
    }

    @Property(tries = 150)
    void anImsicThatWasReplacedGoesOn(@ForAll long seed) {
        replaced(seed, console -> new Imsic("imsic"));
    }

    private static final List<Function<FakeConsole, MmioDevice>> ALL = List.of(console -> new Uart16550("uart", console),
            console -> new Clint("clint"), console -> new AclintMtimer("mtimer", 0),
            console -> new AclintSwi("sswi", AclintSwi.SUPERVISOR), console -> new AclintSwi("mswi", AclintSwi.MACHINE),
            console -> new GoldfishRtc("rtc"), console -> new Syscon("syscon"), console -> new Plic("plic", SOURCES),
            console -> new Aplic("aplic", SOURCES, false), console -> new Aplic("aplic", SOURCES, true),
            console -> new Imsic("imsic"));

    @Test
    void theStateOfAnotherKindOfDeviceIsRefused() {
        for (Function<FakeConsole, MmioDevice> maker : ALL) {
            Board board = new Board(maker);
            DeviceException refused = assertThrows(DeviceException.class,
                    () -> board.stateful().restore(DeviceState.of("org.example.other", 1).build()));
            assertTrue(refused.getMessage().contains("org.example.other"), refused.getMessage());
        }
    }

    @Test
    void aStateWithoutFieldsIsThatOfAFreshDevice() {
        for (Function<FakeConsole, MmioDevice> maker : ALL) {
            Board fresh = new Board(maker);
            Board restored = new Board(maker);
            DeviceState full = restored.leave();
            restored.come(new DeviceState(full.kind(), full.version() + 1, Map.of("unheard-of", 1L)), true);
            assertEquals(fresh.outside(), restored.outside());
        }
    }

    /** Fields that are too long, too short, of another type or of no legal value: the device works all the same. */
    @Property(tries = 200)
    void aStateThatIsNonsenseIsSurvived(@ForAll long seed) {
        for (Function<FakeConsole, MmioDevice> maker : ALL) {
            Random random = new Random(seed);
            Board board = new Board(maker);
            for (int i = 0; i < 20; i++) {
                step(random, board);
            }
            DeviceState state = spoilt(random, board.leave());
            board.come(state, random.nextBoolean());
            for (int i = 0; i < 40; i++) {
                step(random, board);
            }
            board.device.info();
            board.leave();
        }
    }

    private static DeviceState spoilt(Random random, DeviceState state) {
        Map<String, Object> fields = new TreeMap<>(state.fields());
        fields.replaceAll((name, value) -> switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> {
                byte[] bytes = new byte[random.nextInt(5_000)];
                random.nextBytes(bytes);
                yield bytes;
            }
            case 2 -> value instanceof DeviceState inner ? spoilt(random, inner)
                    : value instanceof List<?> list && !list.isEmpty()
                            ? List.of(spoilt(random, (DeviceState) list.getFirst()), "a text") : value;
            default -> value;
        });
        return new DeviceState(state.kind(), state.version(), fields);
    }

    @Test
    void whatIsTypedWhileASerialPortIsReplacedArrivesBehindWhatWasThere() {
        Board board = new Board(console -> new Uart16550("uart", console));
        board.device.write(2, 1, 1);
        board.type("0123456789");
        DeviceState state = board.leave();
        board.type("abcdefghij");
        board.come(state, true);
        StringBuilder read = new StringBuilder();
        while ((board.device.read(5, 1) & 1) != 0) {
            read.append((char) board.device.read(0, 1));
        }
        assertEquals("0123456789abcdefghij", read.toString());
    }

    @Test
    void aTimerThatExpiresWhileItIsReplacedInterruptsAfterwardsAndNotBefore() {
        Board board = new Board(console -> new AclintMtimer("mtimer", 0));
        board.device.write(0, 8, 5_000);
        DeviceState state = board.leave();
        board.machine.advance(1_000_000);
        assertFalse(board.machine.cpuLevel(0, AclintMtimer.INTERRUPT));
        board.come(state, true);
        assertTrue(board.machine.cpuLevel(0, AclintMtimer.INTERRUPT));
        assertEquals(10_000, board.device.read(0x7ff8, 8));
    }

    @Test
    void aSupervisorsSoftwareInterruptSurvivesTheEndOfItsDevice() {
        Board board = new Board(console -> new AclintSwi("sswi", AclintSwi.SUPERVISOR));
        board.device.write(0, 4, 1);
        DeviceState state = board.leave();
        assertTrue(board.machine.cpuLevel(0, AclintSwi.SUPERVISOR), "mip.SSIP is the hart's");
        board.come(state, true);
        assertTrue(board.machine.cpuLevel(0, AclintSwi.SUPERVISOR));
        assertEquals(DeviceStatus.ACTIVE, board.device.status());
    }

    @Test
    void anInterruptThatWasClaimedIsCompletedAtTheSuccessor() {
        Board board = new Board(console -> new Plic("plic", SOURCES));
        board.device.write(4 * 7, 4, 1);
        board.device.write(0x2080, 4, 1 << 7);
        board.wire(7, true);
        assertEquals(7, board.device.read(0x201004, 4));
        board.come(board.leave(), true);
        assertFalse(board.machine.cpuLevel(0, 9), "it is still being served");
        assertEquals(0, board.device.read(0x201004, 4));
        board.device.write(0x201004, 4, 7);
        assertTrue(board.machine.cpuLevel(0, 9), "the wire is still up");
        assertEquals(7, board.device.read(0x201004, 4));
    }
}
