package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.BeforeTry;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotState;

/** A thousand cards come and go, under guests that behave well, slowly and badly: nothing is lost, nothing is stuck. */
class HotplugCyclesTest {
    private static final int CYCLES = 1000;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration STEP = Duration.ofMillis(50);

    private FakeTime time;
    private FakeMachine machine;
    private FakePciehp driver;
    private HotplugManager manager;
    private final List<CompletionStage<?>> wishes = new ArrayList<>();
    private final List<FakeCard> cards = new ArrayList<>();

    @BeforeTry
    void build() {
        time = new FakeTime();
        machine = new FakeMachine(3, time);
        driver = new FakePciehp(machine, time, 1);
        manager = machine.host.hotplug().orElseThrow();
        wishes.clear();
        cards.clear();
    }

    private void boot() {
        machine.running = true;
        driver.scan();
        driver.start();
    }

    private void pass(long millis) {
        for (long i = 0; i < millis; i += STEP.toMillis()) {
            driver.interrupt();
            time.pass(STEP);
        }
        driver.interrupt();
    }

    private SlotState state() {
        return manager.slots().getFirst().state();
    }

    private FakeCard card(int number) {
        FakeCard card = new FakeCard("card" + number, FakeCard.plain());
        cards.add(card);
        return card;
    }

    private void nothingIsLeft() {
        assertEquals(List.of(), machine.host.plugged());
        assertEquals(Map.of(), machine.host.refused());
        for (FakeCard each : cards) {
            assertEquals(each.attached, each.detached, each.name());
        }
        for (CompletionStage<?> each : wishes) {
            assertTrue(each.toCompletableFuture().isDone(), "a wish is stuck");
        }
        pass(60_000);
        assertEquals(0, time.pending(), "something still looks at the time");
    }

    @Property(tries = 1)
    void aGuestThatBehavesWellTakesEachCardAndLetsItGo(@ForAll Random random) {
        cycles(random, 0);
    }

    @Property(tries = 1)
    void aSlowGuestDoesToo(@ForAll Random random) {
        cycles(random, 2_500);
    }

    private void cycles(Random random, int latency) {
        driver.latency = () -> Duration.ofMillis(latency == 0 ? 0 : random.nextInt(latency));
        driver.thought = () -> Duration.ofMillis(latency == 0 ? 0 : random.nextInt(500));
        boot();
        pass(latency + 700);
        for (int i = 0; i < CYCLES; i++) {
            FakeCard card = card(i);
            machine.host.plug(card, "slot1");
            CompletionStage<?> on = manager.plug(card.name(), LIMIT);
            pass(3_000 + 2 * latency);
            assertEquals(SlotState.POWERED_ON, state(), () -> card.name() + ": " + manager.events(0));
            assertTrue(on.toCompletableFuture().isDone());
            pass(random.nextInt(1_000));
            CompletionStage<?> off = manager.unplug(card.name(), LIMIT, false);
            for (int waited = 0; waited < 20_000 && !off.toCompletableFuture().isDone(); waited += 50) {
                pass(50);
            }
            assertTrue(off.toCompletableFuture().isDone() && !off.toCompletableFuture().isCompletedExceptionally(),
                    () -> card.name() + ": " + manager.events(0));
            machine.host.unplug(card);
            if (latency == 0) {
                assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REMOVED), manager.events(3L * i).stream()
                        .map(HotplugEvent::kind).toList());
            }
        }
        nothingIsLeft();
        assertFalse(machine.level(35));
    }

    @Property(tries = 10)
    void underAGuestThatBehavesBadlyNothingIsStuckAndABetterOneGoesOn(@ForAll Random random) {
        driver.latency = () -> Duration.ofMillis(random.nextInt(10) == 0 ? random.nextInt(5_000) : 0);
        boot();
        for (int i = 0; i < CYCLES; i++) {
            driver.deaf = random.nextInt(8) == 0;
            driver.works = random.nextInt(8) != 0;
            driver.callsOff = random.nextInt(8) == 0;
            FakeCard card = card(i);
            machine.host.offer(card, "slot1");
            wishes.add(manager.plug(card.name(), Duration.ofSeconds(random.nextInt(20))));
            pass(random.nextInt(4_000));
            mischief(random);
            wishes.add(manager.unplug(card.name(), Duration.ofSeconds(random.nextInt(20)), false));
            pass(random.nextInt(10_000));
            mischief(random);
            wishes.add(manager.unplug(card.name(), Duration.ofSeconds(random.nextInt(20)), random.nextBoolean()));
            pass(random.nextInt(3_000));
            machine.host.unplug(card);
        }
        pass(60_000);
        nothingIsLeft();
        driver.die();
        machine.host.reset();
        assertFalse(machine.level(35));
        driver.latency = () -> Duration.ZERO;
        driver.deaf = false;
        driver.works = true;
        driver.callsOff = false;
        boot();
        pass(1_000);
        machine.host.plug(card(CYCLES), "slot1");
        pass(2_000);
        assertEquals(SlotState.POWERED_ON, state());
    }

    /** What a guest may do besides. */
    private void mischief(Random random) {
        int express = machine.capability(0, 1, 0x10);
        switch (random.nextInt(12)) {
            case 0 -> machine.config(0, 1, Express.SLOT_CONTROL.at(express), random.nextInt());
            case 1 -> machine.config(0, 1, Express.SLOT_STATUS.at(express), random.nextInt());
            case 2 -> driver.disable();
            case 3 -> machine.config(0, 1, Header.BRIDGE_CONTROL, random.nextInt());
            case 4 -> machine.config(0, 1, Header.SECONDARY_BUS, random.nextInt(3));
            case 5 -> machine.config(1, 0, Header.COMMAND, random.nextInt());
            case 6 -> {
                driver.die();
                machine.host.reset();
                if (random.nextBoolean()) {
                    boot();
                }
            }
            case 7 -> {
                driver.die();
                machine.running = random.nextBoolean();
            }
            case 8 -> boot();
            default -> { }
        }
    }
}
