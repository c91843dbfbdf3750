package org.vm.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugException.Reason;
import org.vm.api.hotplug.SlotInfo.Way;
import org.vm.api.hotplug.SlotState;
import org.vm.shell.internal.prompt.Completion;

/** What people see of slots, and do with them. */
class HotplugCommandsTest {
    private static final String DRIVEN = "the guest's driver for slots has taken it over";

    private final FakeManager manager = new FakeManager("linux");
    private final FakeSlots slots = new FakeSlots();
    private final StringWriter output = new StringWriter();
    private final Shell shell = new Shell(manager, new Consoles(), () -> null,
            new Screen(new PrintWriter(output), Optional.empty()));

    @BeforeEach
    void haveSlots() {
        manager.machines.getFirst().hotplug = slots;
    }

    private String run(String line) {
        output.getBuffer().setLength(0);
        List<String> words = List.of(line.split(" "));
        Invocation.run(words.getFirst(), shell, words.subList(1, words.size()));
        return output.toString().replaceAll(" +\n", "\n");
    }

    private String failure(String line) {
        return assertThrows(Invocation.CommandFailure.class, () -> run(line)).getMessage();
    }

    @Test
    void slotsShowsWhatIsInThemAndHowTheGuestHearsOfIt() {
        slots.slot("slot1", SlotState.POWERING_OFF, "disk1", Way.NATIVE, DRIVEN, "to leave: the guest is letting it go");
        slots.slot("slot2", SlotState.EMPTY, "", Way.NATIVE, DRIVEN, "");
        assertEquals("""
                SLOT   STATE         DEVICE  ADDRESS       WAY
                slot1  powering off  disk1   0000:01:00.0  native
                slot2  empty         -       -             native
                slot1: 'disk1' waits to leave: the guest is letting it go
                native: the guest's driver for slots has taken it over
                """, run("slots"));
        slots.event(Kind.ADDED, "disk1");
        assertTrue(run("slots linux --events").contains("slot1  added  disk1   the guest uses it"), output.toString());
    }

    @Test
    void aDeviceIsPluggedByItsConfigurationAndWaitedFor() {
        slots.slot("slot1", SlotState.POWERED_ON, "disk1", Way.NATIVE, DRIVEN, "");
        assertEquals("device 'disk1' is in slot1, powered on, at 0000:01:00.0\n",
                run("plug linux virtio.blk disk1 ram=1M --slot slot1 --timeout 5"));
        assertEquals(List.of("add linux virtio.blk disk1 {ram=1M, bus=slot1, slot=slot1}"), manager.calls);
        assertEquals(List.of("plug disk1 5"), slots.calls);
        run("plug linux virtio.blk disk2 ram=1M");
        assertEquals("add linux virtio.blk disk2 {ram=1M, bus=pci}", manager.calls.getLast());
        run("plug linux disk1");
        assertEquals("plug disk1 30", slots.calls.getLast());
        assertEquals(2, manager.calls.size());
    }

    @Test
    void aGuestThatHearsOfNothingIsNotWaitedFor() {
        slots.slot("slot1", SlotState.PRESENT, "disk1", Way.NONE, "tell it yourself", "");
        assertEquals("device 'disk1' is in slot1: tell it yourself\n", run("plug linux virtio.blk disk1 ram=1M"));
        assertEquals(List.of(), slots.calls);
    }

    @Test
    void whatIsWrongIsSaid() {
        slots.slot("slot1", SlotState.PRESENT, "", Way.NATIVE, DRIVEN, "");
        assertEquals("there is no slot 'slot9'; there are: slot1", failure("plug linux virtio.blk d ram=1M --slot slot9"));
        assertTrue(failure("plug linux virtio.gpu d").startsWith("there is no kind of device 'virtio.gpu'"));
        assertEquals("the guest can have 0 to 86400 seconds, not -1.0", failure("unplug linux disk0 --timeout -1"));
        slots.plugged = CompletableFuture.failedFuture(new HotplugException(Reason.FAILED, "the guest could not switch it on"));
        assertEquals("the guest could not switch it on", failure("plug linux disk0"));
        manager.removal = CompletableFuture.failedFuture(new HotplugException(Reason.REFUSED, "'disk0' is in use"));
        assertEquals("'disk0' is in use", failure("unplug linux disk0"));
        manager.machines.getFirst().hotplug = null;
        assertEquals("machine 'linux' has no slots; they are its PCI host bridge's, see: why linux", failure("slots"));
    }

    @Test
    void aDeviceIsUnpluggedThroughTheManagerWhichDeletesItsConfiguration() {
        assertEquals("device 'disk0' has left machine 'linux'\n", run("unplug linux disk0"));
        run("unplug linux disk0 --force --timeout 3");
        assertEquals(List.of("remove linux disk0 ASK 30", "remove linux disk0 FORCE 3"), manager.calls);
    }

    @Test
    void slotsAreCompleted() {
        slots.slot("slot1", SlotState.EMPTY, "", Way.NATIVE, DRIVEN, "");
        Completion completion = new Completion(shell);
        assertEquals(List.of("slot1"), completion.candidates(List.of("plug", "linux", "virtio.blk", "d", "--slot", ""), 5, Set.of()));
        assertTrue(completion.candidates(List.of("unplug", "linux", ""), 2, Set.of()).contains("disk0"));
        assertTrue(completion.candidates(List.of("unplug", "linux", "disk0", "--"), 3, Set.of()).contains("--force"));
    }
}
