package org.vm.backend.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.GuestAgentException.Reason;

/** The conversation with an agent that is good, silent, gone or malicious. */
@Timeout(60)
class QemuGuestAgentTest {
    private static final String ADDRESS = "0000:03:00.0";
    private static final String REMOVE = "/sys/bus/pci/devices/0000:03:00.0/remove";
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(100);

    private final AgentPort port = new AgentPort("org.qemu.guest_agent.0");
    private final QemuGuestAgent agent = new QemuGuestAgent("vm", port, Duration.ofMillis(500), Duration.ofMillis(10));
    private final FakeGuest guest = new FakeGuest(port);

    @AfterEach
    void close() {
        agent.close();
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LONG.toSeconds() + 10, TimeUnit.SECONDS);
    }

    private static GuestAgentException failure(CompletionStage<?> stage) {
        return assertInstanceOf(GuestAgentException.class, assertThrows(ExecutionException.class, () -> get(stage)).getCause());
    }

    private void connect() throws Exception {
        guest.files.put("/sys/bus/pci/rescan", "");
        guest.boot().start();
        get(agent.whenConnected());
    }

    @Test
    void itSaysWhatIsMissingUntilAnAgentAnswers() throws Exception {
        assertTrue(agent.state().detail().contains("no driver"), agent.state().detail());
        guest.boot();
        assertTrue(agent.state().detail().contains("install and start qemu-guest-agent"), agent.state().detail());
        GuestAgentException failure = failure(agent.rescan(LONG));
        assertEquals(Reason.DISCONNECTED, failure.reason());
        assertTrue(failure.getMessage().contains("install and start qemu-guest-agent"), failure.getMessage());
        CompletionStage<Void> connected = agent.whenConnected();
        assertFalse(connected.toCompletableFuture().isDone());
        guest.start();
        get(connected);
        assertEquals("qemu-guest-agent 9.2", agent.state().detail());
        assertTrue(agent.state().connected());
    }

    @Test
    void rescanAndRemovalAreWritesToSysfs() throws Exception {
        guest.files.put(REMOVE, "");
        connect();
        get(agent.rescan(LONG));
        get(agent.remove(ADDRESS, LONG));
        assertEquals(List.of("/sys/bus/pci/rescan=1", REMOVE + "=1"), List.copyOf(guest.written));
        assertEquals(0, guest.openFiles());
    }

    @Test
    void aFunctionThatTheGuestDoesNotKnowIsGone() throws Exception {
        connect();
        get(agent.remove(ADDRESS, LONG));
        assertTrue(guest.written.isEmpty());
    }

    @Test
    void whatTheKernelRefusesIsRefusedInItsWords() throws Exception {
        guest.files.put(REMOVE, "busy");
        connect();
        GuestAgentException failure = failure(agent.remove(ADDRESS, LONG));
        assertEquals(Reason.REFUSED, failure.reason());
        assertTrue(failure.getMessage().contains("Device or resource busy"), failure.getMessage());
        get(agent.rescan(LONG));
        assertEquals(0, guest.openFiles());
    }

    @Test
    void fileSystemsAndSwapSpaceAreUsers() throws Exception {
        guest.files.put("/proc/self/mounts", """
                proc /proc proc rw 0 0
                /dev/vda1 / ext4 rw,relatime 0 0
                /dev/vdb1 /mnt ext4 rw,relatime 0 0
                /dev/vdb /with\\040blank\\012line ext4 rw 0 0
                /dev/mapper/home /home ext4 rw 0 0
                /dev/../vdb1 /lie ext4 rw 0 0
                """);
        guest.files.put("/proc/swaps", """
                Filename\t\t\t\tType\t\tSize\tUsed\tPriority
                /dev/vdb2                               partition\t1020\t0\t-2
                """);
        guest.files.put("/sys/class/block/vda1/../device/../uevent", "PCI_SLOT_NAME=0000:01:00.0\n");
        for (String partition : List.of("vdb1/..", "vdb2/..", "vdb")) {
            guest.files.put("/sys/class/block/" + partition + "/device/../uevent", "DRIVER=virtio-pci\nPCI_SLOT_NAME=0000:03:00.0\n");
        }
        connect();
        assertEquals(List.of("/mnt is mounted from vdb1", "/with blank?line is mounted from vdb", "the guest swaps to vdb2"),
                get(agent.users(ADDRESS, LONG)));
        assertEquals(List.of(), get(agent.users("0000:04:00.0", LONG)));
        assertEquals(0, guest.openFiles());
    }

    @Test
    void addressesThatAreNoneAreRefusedBeforeTheGuestIsAsked() {
        for (String address : List.of("", "03:00.0", "0000:03:00.8", "0000:03:20.0", "0000:03:00.0/../..", "0000:03:00.0\n")) {
            assertThrows(IllegalArgumentException.class, () -> agent.remove(address, LONG), address);
        }
    }

    @Test
    void aSilentAgentHoldsNobodyUpAndIsHeardAgainWhenItSpeaks() throws Exception {
        connect();
        guest.tamper = answer -> null;
        CompletionStage<Void> first = agent.rescan(SHORT);
        CompletionStage<Void> second = agent.rescan(LONG);
        assertEquals(Reason.TIMED_OUT, failure(first).reason());
        assertEquals(Reason.DISCONNECTED, failure(second).reason());
        assertFalse(agent.state().connected());
        assertTrue(agent.state().detail().contains("did not answer"), agent.state().detail());
        guest.tamper = answer -> answer;
        // What was asked before comes late.
        guest.say("{\"return\": {}}\n{\"return\": 77}\n");
        get(agent.whenConnected());
        get(agent.rescan(LONG));
    }

    @Test
    void requestsThatWaitBehindASlowOneEndInTimeToo() throws Exception {
        connect();
        guest.tamper = answer -> null;
        CompletionStage<Void> slow = agent.rescan(Duration.ofSeconds(2));
        CompletionStage<Void> waiting = agent.rescan(SHORT);
        long start = System.nanoTime();
        assertEquals(Reason.TIMED_OUT, failure(waiting).reason());
        assertTrue(System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(1500), "it ended with its own limit");
        assertEquals(Reason.TIMED_OUT, failure(slow).reason());
    }

    @Test
    void anAgentThatGoesAwayInTheMiddleIsSaidToBeGone() throws Exception {
        connect();
        guest.tamper = answer -> {
            port.opened(false);
            return null;
        };
        assertEquals(Reason.DISCONNECTED, failure(agent.rescan(LONG)).reason());
        guest.tamper = answer -> answer;
        guest.start();
        get(agent.whenConnected());
        get(agent.rescan(LONG));
    }

    @Test
    void aGuestThatIsResetIsGreetedAnew() throws Exception {
        connect();
        port.disconnect(guest);
        assertEquals(Reason.DISCONNECTED, failure(agent.rescan(LONG)).reason());
        assertFalse(agent.state().connected());
        guest.boot().start();
        get(agent.whenConnected());
        get(agent.rescan(LONG));
    }

    @Test
    void anAgentThatMayNotTouchFilesSaysSo() throws Exception {
        guest.forbidden = "guest-file-open";
        connect();
        assertEquals("qemu-guest-agent 9.2, which may not do guest-file-open", agent.state().detail());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "{\n", "null\n", "[]\n", "{}\n", "{\"return\": null}\n", "{\"return\": \"x\"}\n", "{\"return\": 1e999999999}\n",
        "{\"error\": 5}\n", "{\"error\": {\"desc\": {}}}\n", "{\"return\": {\"supported_commands\": 7}}\n", "\u0000\u00ff\u00fe\n",
        "{'return': 1}\n", "{\"return\": 1} {\"return\": 2}\n"})
    void nonsenseIsRefused(String answer) throws Exception {
        connect();
        guest.tamper = good -> answer;
        GuestAgentException failure = failure(agent.rescan(Duration.ofSeconds(2)));
        assertTrue(failure.reason() != Reason.DISCONNECTED, failure.getMessage());
        guest.tamper = good -> good;
        get(agent.whenConnected());
        get(agent.rescan(LONG));
    }

    @Test
    void deeplyNestedAnswersAreRefused() throws Exception {
        connect();
        guest.tamper = good -> "{\"return\": " + "[".repeat(100_000) + "\n";
        assertEquals(Reason.REFUSED, failure(agent.rescan(LONG)).reason());
    }

    @Test
    void linesWithoutEndTakeNoMemoryAndAreSkipped() throws Exception {
        connect();
        guest.tamper = good -> "x".repeat(3 * AgentPort.LINE) + "\n" + good;
        get(agent.rescan(LONG));
        String endless = "y".repeat(1 << 20);
        for (int i = 0; i < 64; i++) {
            guest.say(endless);
        }
        guest.say("\n");
        guest.tamper = good -> good;
        get(agent.rescan(LONG));
    }

    @Test
    void linesThatNobodyAskedForAreForgotten() throws Exception {
        connect();
        for (int i = 0; i < 100_000; i++) {
            guest.say("{\"return\": " + i + "}\n");
        }
        get(agent.rescan(LONG));
        assertEquals(List.of("/sys/bus/pci/rescan=1"), List.copyOf(guest.written));
    }

    @Test
    void whateverTheGuestAnswersEveryRequestEnds() throws Exception {
        guest.files.put("/proc/self/mounts", "/dev/vdb1 /mnt ext4 rw 0 0\n");
        guest.files.put("/proc/swaps", "");
        connect();
        Random random = new Random(42);
        guest.tamper = good -> {
            if (good.contains("supported_commands") || good.charAt(0) == 0xFF) {
                return good;
            }
            StringBuilder bad = new StringBuilder(good);
            for (int i = random.nextInt(3); i > 0 && !bad.isEmpty(); i--) {
                int at = random.nextInt(bad.length());
                switch (random.nextInt(4)) {
                    case 0 -> bad.deleteCharAt(at);
                    case 1 -> bad.setCharAt(at, (char) random.nextInt(256));
                    case 2 -> bad.insert(at, bad.substring(at));
                    default -> bad.insert(at, (char) random.nextInt(256));
                }
            }
            return bad.toString();
        };
        int answered = 0;
        for (int i = 0; i < 100; i++) {
            try {
                get(agent.whenConnected());
                CompletionStage<?> stage = i % 2 == 0 ? agent.rescan(SHORT) : agent.users(ADDRESS, SHORT);
                get(stage);
                answered++;
            } catch (ExecutionException e) {
                assertInstanceOf(GuestAgentException.class, e.getCause());
            }
        }
        assertTrue(answered > 0, "some of it was good");
        guest.tamper = good -> good;
        // What a bad answer has begun is no part of a good one.
        guest.say("\n");
        get(agent.whenConnected());
        get(agent.rescan(LONG));
    }
}
