package org.vm.testing.virtio;

import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.device.DeviceType;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/** A device with two queues that writes the number of readable bytes and then as many copies of 0xAB as there is room. */
final class Probe implements VirtioDevice {
    static final int QUEUE_SIZE = 64;

    final ConfigSpace config = new ConfigSpace(8);
    final AtomicInteger activations = new AtomicInteger();
    final AtomicInteger deactivations = new AtomicInteger();
    /** Requests that were given back. */
    final AtomicInteger done = new AtomicInteger();
    /** Taken for each request; a test lets requests through one by one. */
    final Semaphore gate = new Semaphore(1 << 30);
    /** Released when a request has been taken. */
    final Semaphore taken = new Semaphore(0);
    /** Requests are taken and never completed. */
    volatile boolean hoarding;
    volatile Activation activation;
    volatile RuntimeException thrown;
    /** When it has taken a request. */
    volatile RuntimeException thrownAtWork;
    volatile boolean batch;
    /** Bytes that it says it wrote, beyond those that it wrote. */
    volatile long boast;

    @Override
    public String name() {
        return "probe";
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public int deviceId() {
        return 42;
    }

    @Override
    public long features() {
        return 1;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {QUEUE_SIZE, QUEUE_SIZE};
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void activate(Activation started) {
        activation = started;
        activations.incrementAndGet();
    }

    @Override
    public void notify(int index) {
        if (thrown != null) {
            throw thrown;
        }
        Virtqueue queue = activation.queue(index);
        for (DescriptorChain chain = queue.poll(); chain != null; chain = queue.poll()) {
            taken.release();
            if (hoarding) {
                continue;
            }
            if (thrownAtWork != null) {
                throw thrownAtWork;
            }
            gate.acquireUninterruptibly();
            chain.readable().slices(chain.readable().size());
            while (chain.writable().remaining() > 0) {
                chain.writable().put8(0xAB);
            }
            if (batch) {
                queue.stage(chain, chain.writable().size());
            } else {
                queue.complete(chain, chain.writable().size() + boast);
            }
            done.incrementAndGet();
        }
        queue.publish();
    }

    /** Waits until as many requests more have been taken. */
    boolean awaitTaken(int count) {
        try {
            return taken.tryAcquire(count, 20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void deactivate() {
        deactivations.incrementAndGet();
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }
}
