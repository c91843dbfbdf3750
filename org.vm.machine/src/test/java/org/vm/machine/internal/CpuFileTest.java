package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.vm.api.device.DeviceContext;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;

/** What a CPU sees of an interrupt controller's registers for it while the controller is replaced. */
class CpuFileTest {
    private static final int EXTERNAL = 9;

    /** What the CPU was given last. */
    private InterruptFile connected;

    private final DeviceContext machine = (DeviceContext) Proxy.newProxyInstance(getClass().getClassLoader(),
            new Class<?>[] {DeviceContext.class}, (proxy, method, arguments) -> switch (method.getName()) {
                case "cpuFile" -> {
                    connected = (InterruptFile) arguments[2];
                    yield null;
                }
                case "interrupt", "cpuLine" -> (InterruptLine) level -> { };
                default -> InvocationHandler.invokeDefault(proxy, method, arguments);
            });
    private final Leads former = new Leads(machine, null);

    /** Its top interrupt is its number. */
    private record File(int top) implements InterruptFile {
        @Override
        public long read(int register) {
            return top;
        }

        @Override
        public long modify(int register, long set, long clear) {
            return top;
        }

        @Override
        public int claim() {
            return top;
        }
    }

    private static CompletableFuture<Integer> cpu(IntSupplier instruction) {
        CompletableFuture<Integer> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> result.complete(instruction.getAsInt()));
        return result;
    }

    @Test
    void instructionsWaitForTheSuccessorsRegistersWhichCountWhenItIsInItsPlaceAndNotBefore() throws Exception {
        former.cpuFile(0, EXTERNAL, new File(1));
        InterruptFile seen = connected;
        assertEquals(1, seen.claim());
        former.keepFiles();
        former.cut();
        CompletableFuture<Integer> claimed = cpu(seen::claim);
        former.cpuFile(0, EXTERNAL, null);
        Leads next = new Leads(machine, null);
        next.follow(former);
        next.cpuFile(0, EXTERNAL, new File(2));
        assertThrows(TimeoutException.class, () -> claimed.get(100, TimeUnit.MILLISECONDS));
        former.release(next);
        assertEquals(2, claimed.get(20, TimeUnit.SECONDS));
        assertSame(seen, connected);
        assertEquals(2, seen.top());
        next.cpuFile(0, EXTERNAL, null);
        assertNull(connected);
    }

    @Test
    void aReplacementThatIsCalledOffLetsInstructionsGoOn() throws Exception {
        former.cpuFile(0, EXTERNAL, new File(1));
        former.keepFiles();
        former.cut();
        CompletableFuture<Integer> read = cpu(() -> (int) connected.read(0x70));
        Leads failed = new Leads(machine, null);
        failed.follow(former);
        failed.cpuFile(0, EXTERNAL, new File(2));
        failed.cut();
        failed.release(former);
        former.mend();
        former.openFiles();
        assertEquals(1, read.get(20, TimeUnit.SECONDS));
    }

    @Test
    void aSuccessorThatHasNoneTakesThemAwayAndOneThatHasThemForTheFirstTimeGivesThem() throws Exception {
        former.cpuFile(0, EXTERNAL, new File(1));
        former.keepFiles();
        former.cut();
        InterruptFile seen = connected;
        CompletableFuture<Integer> top = cpu(seen::top);
        Leads next = new Leads(machine, null);
        next.follow(former);
        former.release(next);
        assertEquals(0, top.get(20, TimeUnit.SECONDS));
        assertNull(connected);
        Leads third = new Leads(machine, null);
        third.follow(next);
        third.cpuFile(0, EXTERNAL, new File(3));
        assertNull(connected);
        next.cut();
        next.release(third);
        assertNotNull(connected);
        assertEquals(3, connected.claim());
    }
}
