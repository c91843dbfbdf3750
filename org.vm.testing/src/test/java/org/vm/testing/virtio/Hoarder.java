package org.vm.testing.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.vm.api.device.DeviceType;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/** A device that takes all it can get, and gives back what a test tells it to, when it tells it to. */
final class Hoarder implements VirtioDevice, Stateful {
    private static final String KIND = "test.hoarder";

    private final ConfigSpace config = new ConfigSpace(8);
    private final List<DescriptorChain> held = new ArrayList<>();
    /** Does not say what it is asked. */
    volatile boolean speechless;
    private Activation activation;
    private long given;

    synchronized int held() {
        return held.size();
    }

    /** Gives some back, in any order; whether the driver sees that depends. */
    void give(Random random, int most) {
        activation.execute(() -> {
            synchronized (this) {
                Virtqueue queue = activation.queue(0);
                for (int i = 0; i < most && !held.isEmpty(); i++) {
                    DescriptorChain chain = held.remove(random.nextInt(held.size()));
                    given++;
                    queue.stage(chain, chain.writable().size());
                    if (random.nextBoolean()) {
                        queue.publish();
                    }
                }
            }
        });
    }

    /** Gives the oldest back, unseen by the driver as yet. */
    void stageOldest() {
        activation.execute(() -> {
            synchronized (this) {
                DescriptorChain chain = held.removeFirst();
                activation.queue(0).stage(chain, chain.writable().size());
            }
        });
    }

    void publish() {
        activation.execute(() -> activation.queue(0).publish());
    }

    @Override
    public String name() {
        return "hoarder";
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
        return new int[] {64};
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void activate(Activation started) {
        activation = started;
    }

    @Override
    public synchronized void notify(int index) {
        Virtqueue queue = activation.queue(index);
        for (DescriptorChain chain = queue.poll(); chain != null; chain = queue.poll()) {
            held.add(chain);
        }
    }

    @Override
    public synchronized void deactivate() {
        held.clear();
    }

    @Override
    public synchronized DeviceState capture() {
        if (speechless) {
            throw new IllegalStateException("a bug in capture");
        }
        return DeviceState.of(KIND, 1).number("given", given).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        given = state.number("given", 0);
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }
}
