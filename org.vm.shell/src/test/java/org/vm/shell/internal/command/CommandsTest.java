package org.vm.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.MessageSink;
import org.vm.api.machine.DeviceManager;
import org.vm.api.machine.DeviceManager.Refusal;
import org.vm.api.machine.MachineState;
import org.vm.shell.internal.command.Invocation.CommandFailure;

class CommandsTest {
    private final FakeManager manager = new FakeManager("linux");
    private final FakeMachine linux = manager.machines.getFirst();
    private final StringWriter printed = new StringWriter();
    private final Shell shell = new Shell(manager, new Consoles(), FakeCatalog::new,
            new Screen(new PrintWriter(printed), Optional.empty()));

    @Test
    void theModeOfAMachineIsShownAndChanged() {
        assertPrints("mode linux", "machine 'linux': mode hybrid, engine hybrid\n");
        assertPrints("mode linux interpreter", "machine 'linux': mode interpreter, engine interpreter\n");
    }

    @Test
    void listShowsOneLineForEachMachine() {
        linux.missing = List.of("no kernel is configured");
        assertPrints("list", """
                NAME   STATE    ARCH     VCPUS   MEMORY  ENGINE  REMARK
                linux  CREATED  RISCV64      1  256 MiB  hybrid  no kernel is configured
                """);
    }

    @Test
    void withoutAnyMachineListSaysHowToMakeOne() {
        manager.machines.clear();
        assertPrints("list", "there is no machine yet; make one with: create NAME\n");
    }

    @Test
    void theOnlyMachineNeedsNotBeNamed() {
        assertPrints("start", "machine 'linux' runs; its console: console linux\n");
        assertPrints("pause", "machine 'linux' stands still; go on with: resume linux\n");
        assertPrints("resume", "machine 'linux' runs again\n");
        assertPrints("reset linux", "machine 'linux' was reset\n");
        assertPrints("stop linux", "machine 'linux' is stopped\n");
        assertEquals(List.of("start", "pause", "resume", "reset", "stop"), linux.calls);
    }

    @Test
    void anUnknownMachineIsAnsweredWithThoseThatExist() {
        manager.machines.add(new FakeMachine("test"));
        assertFails("start nix", "there is no machine 'nix'; there are: linux, test");
        assertFails("start", "which machine? there are: linux, test");
        manager.machines.clear();
        assertFails("start nix", "there is no machine 'nix', nor any other; make one with: create NAME");
    }

    @Test
    void aMachineThatRunsIsNotStartedAgain() {
        linux.state = MachineState.RUNNING;
        assertFails("start", "machine 'linux' is running already");
    }

    @Test
    void createWritesTheOptionsAsProperties() {
        run("create small --memory 64M --vcpus 2 --append quiet board=virt");
        assertEquals(List.of("create small {memory=67108864, vcpus=2, append=quiet, board=virt}"), manager.calls);
        run("create many --set pci.rootPorts=16 --set uart.name=serial");
        assertTrue(manager.calls.removeLast().startsWith("create many {parts="));
        run("create two --guest linux --append quiet");
        assertEquals("create two {kernel=/guests/Image, memory=512M, append=console=ttyS0 quiet}", manager.calls.getLast());
        assertFails("create x --guest beos", "there is no file 'beos' and no guest of that name; guests are: builtin, linux");
        assertFails("create linux", "there is a machine 'linux' already; delete it first or take another name");
        assertFails("create x --memory lots", "'lots' is no size: write bytes or a number with K, M, G or T, as in 512M");
        assertFails("create x --kernel /nowhere/Image", "file '/nowhere/Image' does not exist");
    }

    @Test
    void devicesShowsPlacesInterruptsAndRefusals() {
        linux.refusals.add(new Refusal("disk1", "0x10001000 to 0x10001fff is taken by device 'disk0'"));
        assertPrints("devices linux", """
                NAME   TYPE    STATUS          BASE   SIZE  IRQ
                uart0  serial  attached  0x10000000  256 B   10
                disk0  block   attached  0x10001000  4 KiB    1
                refused: disk1: 0x10001000 to 0x10001fff is taken by device 'disk0'
                """);
    }

    @Test
    void whatIsPluggedIntoABusHasItsPlaceThere() {
        linux.plugged.add(new DeviceHost.Plugged(new FakeMachine.FakeDevice("card", DeviceType.CUSTOM, 0x1000,
                Map.of("queue 0", "ready")), "slot1 of pci, 01:00.0"));
        assertPrints("devices linux", """
                NAME   TYPE    STATUS          BASE   SIZE  IRQ
                uart0  serial  attached  0x10000000  256 B   10
                disk0  block   attached  0x10001000  4 KiB    1

                NAME  TYPE    STATUS    PLACE
                card  custom  attached  slot1 of pci, 01:00.0
                """);
        assertPrints("device linux card", """
                card: custom, attached, at slot1 of pci, 01:00.0
                REGISTER  VALUE
                queue 0   ready
                """);
        run("device-remove linux card");
        assertEquals("remove linux card INSIST 15", manager.calls.getLast());
    }

    @Test
    void deviceShowsRegisters() {
        assertPrints("device linux uart0", """
                uart0: serial, attached, at 0x10000000, interrupt 10
                REGISTER  VALUE
                IER       0x05
                """);
        assertFails("device linux gpu", "machine 'linux' has no device 'gpu'; it has: uart0, disk0");
    }

    @Test
    void devicesAreAddedAndRemovedThroughTheManager() {
        assertPrints("device-add linux virtio.blk disk1 file=disk.img readOnly=true",
                "device 'disk1' is at 0x10002000, interrupt 2\n");
        run("device-set linux disk0 size=2G serial=");
        run("device-remove linux disk0");
        assertEquals(List.of("add linux virtio.blk disk1 {file=disk.img, readOnly=true}",
                "change linux disk0 {size=2G, serial=}", "remove linux disk0 INSIST 15"), manager.calls);
        assertFails("device-add linux virtio.gpu g0", "there is no kind of device 'virtio.gpu'; there are: virtio.blk,"
                + " virtio.rng");
        assertFails("device-add linux virtio.rng r0 seed", "'seed' is no setting; write key=value");
    }

    @Test
    void aDeviceThatIsRefusedIsAMistake() {
        assertFails("device-add linux virtio.rng r0 base=0x10000000",
                "its place is taken; take the configuration back with: device-remove linux r0");
        run("device-remove linux r0");
        assertEquals("remove linux r0 INSIST 15", manager.calls.getLast());
    }

    @Test
    void mapShowsEveryOwnerInOrder() {
        assertPrints("map", """
                START             END                 SIZE  OWNER  KIND
                0000000010000000  00000000100000ff   256 B  uart0  serial
                0000000010001000  0000000010001fff   4 KiB  disk0  block
                0000000080000000  000000008000ffff  64 KiB  ram    memory
                """);
    }

    @Test
    void irqShowsWiredAndUsedSources() {
        assertPrints("irq", """
                SOURCE  RAISED  ENABLED  PENDING  SERVING  PRIORITY  COUNT  DEVICE
                     1  -       -        -        -               0      0  disk0
                    10  yes     yes      -        yes             1   1234  uart0
                    11  -       yes      -        -               0      0  -
                """);
    }

    @Test
    void irqShowsWhatTakesMessages() {
        record Messages(FakeMachine.FakeDevice device) implements MmioDevice, MessageSink {
            @Override
            public void message(long offset, int data) {}

            @Override
            public String name() {
                return device.name();
            }

            @Override
            public DeviceType type() {
                return device.type();
            }

            @Override
            public DeviceStatus status() {
                return device.status();
            }

            @Override
            public Map<String, String> info() {
                return device.info();
            }

            @Override
            public long size() {
                return device.size();
            }

            @Override
            public void attach(DeviceContext context) {}

            @Override
            public void detach() {}

            @Override
            public long read(long offset, int width) {
                return 0;
            }

            @Override
            public void write(long offset, int width, long value) {}
        }
        linux.attachments.add(new DeviceManager.Attachment(new Messages(new FakeMachine.FakeDevice("imsic",
                DeviceType.INTERRUPT_CONTROLLER, 0x1000, Map.of("hart0.S", "on, enabled: 1"))), 0x2800_0000L, 0));
        assertPrints("irq", """
                SOURCE  RAISED  ENABLED  PENDING  SERVING  PRIORITY  COUNT  DEVICE
                     1  -       -        -        -               0      0  disk0
                    10  yes     yes      -        yes             1   1234  uart0
                    11  -       yes      -        -               0      0  -
                MESSAGES  TO imsic
                hart0.S   on, enabled: 1
                """);
    }

    @Test
    void anInterruptIsRaisedForAMomentUnlessItsDeviceHasRaisedIt() {
        assertPrints("irq-inject linux 11 --millis 0",
                "interrupt source 11 was raised for 0 ms: pending, the guest has not taken it yet\n");
        assertPrints("irq-inject linux 1 --millis 0", "interrupt source 1 was raised for 0 ms: the guest has not enabled it\n");
        assertEquals(List.of("source 11 true", "source 11 false", "source 1 true", "source 1 false"), linux.calls);
        assertFails("irq-inject linux 10", "interrupt source 10 is raised by its device already");
        assertFails("irq-inject linux 96", "there is no interrupt source 96; there are 1 to 95");
        assertFails("irq-inject linux 1 --millis -1", "an interrupt can be raised for 0 to 10000 ms, not for -1");
        FakeCpu cpu = new FakeCpu(0);
        linux.cpus.add(cpu);
        assertPrints("irq-inject linux 9 --cpu 0 --millis 0", "line 9 of vCPU 0 was raised for 0 ms\n");
        assertEquals(List.of("9 true", "9 false"), cpu.lines);
        assertFails("irq-inject linux 12 --cpu 0", "hart 0 has no interrupt line 12");
        assertFails("irq-inject linux 9 --cpu 1", "machine 'linux' has no vCPU 1; it has vCPU 0 only");
    }

    @Test
    void regsShowsAGrid() {
        FakeCpu cpu = new FakeCpu(0);
        cpu.pc = 0x8020_0000L;
        cpu.retired = 17;
        cpu.registers[2] = -1;
        linux.cpus.add(cpu);
        assertPrints("regs linux", """
                pc   0000000080200000  retired 17
                x0   0000000000000000  x1   0000000000000000  x2   ffffffffffffffff
                x3   0000000000000000
                mode  0000000000000001  stvec 0000000080200000
                """);
        assertFails("regs linux --cpu 1", "machine 'linux' has no vCPU 1; it has vCPU 0 only");
    }

    @Test
    void memDumpsWhatIsThere() {
        for (int i = 0; i < 20; i++) {
            linux.ram.set(ValueLayout.JAVA_BYTE, i, (byte) ('0' + i));
        }
        assertPrints("mem linux 0x80000000 20", """
                0000000080000000  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  0123456789:;<=>?
                0000000080000010  40 41 42 43                                       @ABC
                """);
        assertFails("mem linux 0x10000000", "0x10000000 is no memory: it belongs to device 'uart0', see: device linux"
                + " uart0");
        assertFails("mem linux 0x0", "0x0 is no memory: nothing is there, see: map linux");
        assertFails("mem linux here", "'here' is no address: write 0x80000000 or a decimal number");
    }

    @Test
    void disasmMarksThePc() {
        FakeCpu cpu = new FakeCpu(0);
        cpu.pc = FakeMachine.RAM + 2;
        linux.cpus.add(cpu);
        linux.ram.set(ValueLayout.JAVA_BYTE, 2, (byte) 7);
        assertPrints("disasm linux 0x80000000 2 --physical", """
                  0000000080000000  0000      op0
                > 0000000080000002  0007      op7
                """);
    }

    @Test
    void disasmEndsWhereMemoryEnds() {
        linux.cpus.add(new FakeCpu(0));
        assertPrints("disasm linux 0x8000fffe 2 -p", """
                  000000008000fffe  0000      op0
                0x80010000 is no memory: nothing is there, see: map linux
                """);
    }

    @Test
    void statsAndTlbFitATerminal() {
        linux.cpus.add(new FakeCpu(0));
        assertPrints("stats", """
                VCPU   MIPS  INSNS  TRAPS  IRQS  FUSED  BLOCKS   HITS  TLB MISSES
                   0  250.0  2.50G  12.3k   678  40.0%    4321  99.9%       50.0k
                """);
        assertPrints("tlb", """
                VCPU  ENTRIES  MISSES  WALKS  FAULTS  FLUSHES  MISSES/1K INSN
                   0     1024   50.0k  40.0k      12        3            0.02
                """);
        assertFails("stats --live", "stats --live needs a terminal");
    }

    @Test
    void liveStatsShowTheDifference() {
        var now = linux.stats(0);
        var change = StatsCommand.difference(List.of(now), List.of(now)).getFirst();
        assertEquals(0, change.instructions());
        assertEquals(now.blocks().size(), change.blocks().size());
    }

    @Test
    void whyAsksTheManager() {
        assertPrints("why", "linux runs\n");
        assertPrints("why disk1", "disk1 runs\n");
    }

    @Test
    void aMistakeIsOneSentence() {
        assertFails("mem linux", "missing required parameter: 'ADDRESS'; see: help mem");
        assertFails("regs --cpu x", "invalid value for option '--cpu': 'x' is not an int; see: help regs");
        assertFails("list --all", "unknown option: '--all'; see: help list");
        assertFails("help fly", "there is no command 'fly'; help lists all");
    }

    @Test
    void consoleNeedsATerminal() {
        assertFails("console linux", "console needs a terminal");
    }

    static List<String> commands() {
        return List.copyOf(Catalog.names());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpOfEveryCommandHasAnExampleAndFitsTheTerminal(String name) {
        run("help " + name);
        String text = printed.toString();
        assertTrue(text.contains("Example: " + name), text);
        assertTrue(text.lines().allMatch(line -> line.length() <= 80), text);
    }

    @Test
    void helpListsEveryCommandWithin80Columns() {
        run("help");
        String text = printed.toString();
        Catalog.names().forEach(name -> assertTrue(text.contains("\n" + name + " "), name));
        assertTrue(text.lines().allMatch(line -> line.length() <= 80), text);
    }

    @Test
    void settingsKeepTheirOrder() {
        assertEquals(Map.of("a", "1", "b", "x=y"), DeviceCommands.settings(List.of("a=1", "b=x=y")));
    }

    private void run(String line) {
        List<String> words = Arrays.asList(line.split(" "));
        Invocation.run(words.getFirst(), shell, words.subList(1, words.size()));
    }

    private void assertPrints(String line, String expected) {
        printed.getBuffer().setLength(0);
        run(line);
        assertEquals(expected, printed.toString().replace(System.lineSeparator(), "\n"));
    }

    private void assertFails(String line, String message) {
        assertEquals(message, assertThrows(CommandFailure.class, () -> run(line)).toString());
    }
}
