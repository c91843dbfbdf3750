package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.SlotState;
import org.vm.api.pci.PciFunction;
import org.vm.api.state.DeviceState;
import org.vm.device.pci.internal.FakeMachine.Message;

/** A host bridge that is replaced by another one; the guest's cards stay. */
class SuccessionTest {
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final long REGISTERS = 0x4000_0000L;
    private static final long TABLE = 0x4000_1000L;

    private final FakeTime time = new FakeTime();
    private final FakeMachine machine = new FakeMachine(3, time);
    private final FakePciehp driver = new FakePciehp(machine, time, 1);
    private final Map<PciFunction, String> services = new LinkedHashMap<>();

    private StatefulCard offered(StatefulCard card, String slot) {
        services.put(card, slot);
        machine.host.offer(card, slot, 7);
        return card;
    }

    /** As it goes when the bundle of the bridge is updated. */
    private void replace() {
        PciHost former = machine.host;
        former.suspend(LIMIT);
        DeviceState state = former.capture();
        former.detach();
        come(machine.another(3), state);
    }

    private void come(PciHost next, DeviceState state) {
        services.forEach((function, slot) -> next.offer(function, slot, 7));
        machine.succeed(next);
        next.restore(state);
        next.resume();
    }

    private void pass(long millis) {
        for (long i = 0; i < millis; i += 20) {
            driver.interrupt();
            time.pass(Duration.ofMillis(20));
        }
        driver.interrupt();
    }

    private void boot() {
        machine.running = true;
        driver.scan();
        driver.start();
        pass(100);
    }

    private SlotState slot(int number) {
        return machine.host.hotplug().orElseThrow().slots().get(number - 1).state();
    }

    private List<Kind> events() {
        return machine.host.hotplug().orElseThrow().events(0).stream().map(event -> event.kind()).toList();
    }

    @Test
    void cardsGoOnWithAllThatTheGuestHasSetUp() {
        StatefulCard inSlot = offered(new StatefulCard("disk", FakeCard.plain().msix(2)), "slot2");
        StatefulCard onBus = offered(new StatefulCard("fixed"), "00:1e");
        machine.config(0, 2, Header.SECONDARY_BUS, 2);
        machine.config(0, 2, Header.MEMORY_BASE, 0x4000);
        machine.config(0, 2, Header.MEMORY_LIMIT, 0x4000);
        machine.config(0, 2, Header.COMMAND, 6);
        machine.config(2, 0, Header.BAR_0, REGISTERS);
        machine.config(2, 0, new Field(0x14, 4), TABLE);
        machine.config(2, 0, Header.COMMAND, 6);
        machine.config(0, 0x1e, Header.BAR_0, 0x5000_0000L);
        machine.config(0, 0x1e, Header.COMMAND, 6);
        int msix = machine.capability(2, 0, 0x11);
        machine.store(TABLE, 4, FakeMachine.SINK);
        machine.store(TABLE + 8, 4, 99);
        machine.config(2, 0, new Field(msix + 2, 2), 0x8000);
        inSlot.context.send(0);
        machine.store(REGISTERS, 4, 1234);
        machine.store(0x5000_0000L, 4, 5678);
        machine.store(0x5000_0008L, 4, 1);
        assertTrue(machine.level(34));
        for (int round = 0; round < 3; round++) {
            replace();
            assertEquals(1234, machine.load(REGISTERS, 4));
            assertEquals(5678, machine.load(0x5000_0000L, 4));
            assertTrue(machine.level(34));
            assertEquals(2, machine.config(0, 2, Header.SECONDARY_BUS));
            assertEquals(List.of(), machine.messages);
        }
        machine.store(TABLE + 12, 4, 0);
        assertEquals(List.of(new Message(0, 99)), machine.messages, "the message that was masked");
        machine.store(0x5000_0008L, 4, 0);
        assertFalse(machine.level(34));
        assertEquals(List.of("disk", "fixed"), machine.host.plugged().stream().map(plugged -> plugged.device().name()).toList());
        assertEquals(List.of("attach", "suspend", "capture", "detach", "detached"), onBus.calls.subList(0, 5));
    }

    @Test
    void aDriverForSlotsHearsNothingAndHotPlugGoesOn() {
        boot();
        StatefulCard card = offered(new StatefulCard("card"), "slot1");
        pass(2_000);
        assertEquals(SlotState.POWERED_ON, slot(1));
        replace();
        pass(3_000);
        assertEquals(SlotState.POWERED_ON, slot(1));
        assertEquals(FakePciehp.State.ON, driver.state());
        assertEquals("resume", card.calls.getLast());
        CompletionStage<Void> unplug = machine.host.hotplug().orElseThrow().unplug("card", LIMIT.multipliedBy(6), false);
        pass(12_000);
        assertTrue(unplug.toCompletableFuture().isDone());
        assertEquals(SlotState.EMPTY, slot(1));
        assertEquals(Kind.REMOVED, events().getLast());
        replace();
        assertTrue(machine.host.refused().get("card").contains("unplugged"), "it stays out");
        machine.host.hotplug().orElseThrow().plug("card", LIMIT);
        pass(3_000);
        assertEquals(SlotState.POWERED_ON, slot(1));
    }

    @Test
    void aConversationIsNotHandedOver() {
        boot();
        offered(new StatefulCard("card"), "slot1");
        pass(2_000);
        CompletionStage<Void> unplug = machine.host.hotplug().orElseThrow().unplug("card", LIMIT.multipliedBy(6), false);
        pass(1_000);
        String message = assertThrows(DeviceException.class, () -> machine.host.suspend(LIMIT)).getMessage();
        assertTrue(message.contains("'card' is on its way into slot1 or out of it; try again"), message);
        pass(12_000);
        assertTrue(unplug.toCompletableFuture().isDone(), "it went on");
        replace();
    }

    @Test
    void aCardThatCannotHandOverItsStateIsNamed() {
        machine.host.offer(new FakeCard("old-fashioned", FakeCard.plain()), "slot1", 7);
        String message = assertThrows(DeviceException.class, () -> machine.host.suspend(LIMIT)).getMessage();
        assertTrue(message.contains("'old-fashioned'"), message);
    }

    @Test
    void aCardThatDoesNotGiveItsStateCallsItOffForAll() {
        StatefulCard good = offered(new StatefulCard("good"), "00:1d");
        StatefulCard bad = offered(new StatefulCard("bad"), "00:1e");
        bad.failing = "capture";
        String message = assertThrows(DeviceException.class, () -> machine.host.suspend(LIMIT)).getMessage();
        assertTrue(message.contains("'bad': it fails to capture"), message);
        bad.failing = "";
        assertEquals("resume", good.calls.getLast());
        assertEquals("resume", bad.calls.getLast());
        replace();
    }

    @Test
    void aBridgeThatGoesOnAfterAllIsAsItWas() {
        StatefulCard card = offered(new StatefulCard("card"), "00:1e");
        machine.config(0, 0x1e, Header.BAR_0, REGISTERS);
        machine.config(0, 0x1e, Header.COMMAND, 6);
        machine.store(REGISTERS + 8, 4, 1);
        machine.host.suspend(LIMIT);
        machine.host.capture();
        machine.host.resume();
        assertEquals("resume", card.calls.getLast());
        assertTrue(machine.level(34));
        machine.store(REGISTERS, 4, 3);
        assertEquals(3, card.value);
    }

    @Test
    void aBridgeThatDoesNotTakeTheStateIsFollowedByTheOldVersion() {
        StatefulCard card = offered(new StatefulCard("card"), "00:1e");
        machine.config(0, 0x1e, Header.BAR_0, REGISTERS);
        machine.config(0, 0x1e, Header.COMMAND, 6);
        machine.store(REGISTERS, 4, 77);
        PciHost former = machine.host;
        former.suspend(LIMIT);
        DeviceState state = former.capture();
        former.detach();
        PciHost small = machine.another(2);
        services.forEach((function, slot) -> small.offer(function, slot, 7));
        machine.succeed(small);
        String message = assertThrows(DeviceException.class, () -> small.restore(state)).getMessage();
        assertTrue(message.contains("has 2 root ports, and the one whose place it would take has 3"), message);
        small.detach();
        PciHost unlucky = machine.another(3);
        services.forEach((function, slot) -> unlucky.offer(function, slot, 7));
        machine.succeed(unlucky);
        card.failing = "restore";
        assertThrows(DeviceException.class, () -> unlucky.restore(state));
        card.failing = "";
        unlucky.detach();
        come(machine.another(3), state);
        assertEquals(77, machine.load(REGISTERS, 4));
    }

    @Test
    void aCardWhoseServiceWentMeanwhileIsOneThatWasPulled() {
        boot();
        StatefulCard card = offered(new StatefulCard("card"), "slot1");
        pass(2_000);
        services.remove(card);
        replace();
        pass(3_000);
        assertEquals(SlotState.EMPTY, slot(1));
        assertEquals(FakePciehp.State.OFF, driver.state(), "the guest has heard of it");
        offered(card, "slot1");
        pass(5_000);
        assertEquals(SlotState.POWERED_ON, slot(1));
    }

    @Test
    void aCardThatComesMeanwhileIsPluggedAfterwards() {
        boot();
        offered(new StatefulCard("card"), "slot1");
        pass(2_000);
        StatefulCard late = new StatefulCard("late");
        services.put(late, "");
        replace();
        pass(2_000);
        assertEquals(List.of("attach"), late.calls.subList(late.calls.size() - 1, late.calls.size()));
        assertEquals(SlotState.POWERED_ON, slot(1));
        assertEquals(2, machine.host.plugged().size());
    }

    @Test
    void aStateThatIsNonsenseIsRefusedOrSurvived() {
        StatefulCard card = offered(new StatefulCard("card", FakeCard.plain().msix(2)), "slot1");
        int refused = 0;
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            machine.host.suspend(LIMIT);
            DeviceState state = machine.host.capture();
            machine.host.detach();
            PciHost next = machine.another(3);
            services.forEach((function, slot) -> next.offer(function, slot, 7));
            machine.succeed(next);
            try {
                next.restore(spoilt(random, state));
                next.resume();
                machine.host.info();
                for (int port = 1; port <= 3; port++) {
                    machine.config(0, port, Header.SECONDARY_BUS, port);
                    machine.config(port, 0, Header.COMMAND, 6);
                }
                machine.load(REGISTERS, 4);
            } catch (DeviceException e) {
                refused++;
                next.detach();
                come(machine.another(3), state);
            }
            assertEquals(1, machine.host.plugged().size() + machine.host.refused().size(), "seed " + seed);
            if (machine.host.plugged().isEmpty()) {
                machine.host.detach();
                come(machine.another(3), state);
            }
        }
        assertTrue(refused > 20 && refused < 280, refused + " of 300 were refused");
        assertTrue(card.calls.contains("restore"));
    }

    private static DeviceState spoilt(Random random, DeviceState state) {
        Map<String, Object> fields = new TreeMap<>(state.fields());
        fields.replaceAll((name, value) -> {
            if (value instanceof DeviceState inner) {
                return spoilt(random, inner);
            }
            if (value instanceof List<?> list) {
                List<DeviceState> spoilt = new ArrayList<>();
                list.forEach(each -> spoilt.add(spoilt(random, (DeviceState) each)));
                return spoilt;
            }
            if (random.nextInt(40) != 0) {
                return value;
            }
            byte[] noise = new byte[random.nextInt(5_000)];
            random.nextBytes(noise);
            return random.nextBoolean() ? (Object) random.nextLong() : noise;
        });
        return new DeviceState(state.kind(), state.version(), fields);
    }
}
