package org.vm.shell.internal.command;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.vm.api.device.DeviceType;
import org.vm.api.hotplug.Removal;
import org.vm.api.machine.DeviceManager.Attachment;
import org.vm.api.machine.DeviceManager.Refusal;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;

/** Machines in a list; writes down what it is asked for. */
public final class FakeManager implements MachineManager {
    public final List<FakeMachine> machines = new ArrayList<>();
    public final List<String> calls = new ArrayList<>();
    public CompletionStage<Void> removal = CompletableFuture.completedFuture(null);

    public FakeManager(String... names) {
        for (String name : names) {
            machines.add(new FakeMachine(name));
        }
    }

    @Override
    public List<Machine> machines() {
        return List.copyOf(machines);
    }

    @Override
    public Optional<Machine> find(String name) {
        return machines.stream().filter(m -> m.name().equals(name)).map(Machine.class::cast).findFirst();
    }

    @Override
    public Machine create(String name, Map<String, Object> properties) {
        calls.add("create " + name + " " + properties);
        machines.add(new FakeMachine(name));
        return machines.getLast();
    }

    @Override
    public void delete(String name) {
        calls.add("delete " + name);
    }

    @Override
    public List<String> deviceKinds() {
        return List.of("virtio.blk", "virtio.rng");
    }

    @Override
    public void addDevice(String machine, String kind, String name, Map<String, Object> properties) {
        calls.add("add " + machine + " " + kind + " " + name + " " + properties);
        machines.stream().filter(m -> m.name().equals(machine)).forEach(m -> {
            if (properties.containsKey("base")) {
                m.refusals.add(new Refusal(name, "its place is taken"));
            } else {
                m.attachments.add(new Attachment(new FakeMachine.FakeDevice(name, DeviceType.CUSTOM, 0x1000, Map.of()),
                        0x1000_2000L, 2));
            }
        });
    }

    @Override
    public void changeDevice(String machine, String name, Map<String, Object> properties) {
        calls.add("change " + machine + " " + name + " " + properties);
    }

    @Override
    public CompletionStage<Void> removeDevice(String machine, String name, Duration limit, Removal how) {
        calls.add("remove " + machine + " " + name + " " + how + " " + limit.toSeconds());
        return removal;
    }

    @Override
    public String why(String name) {
        return name + " runs";
    }
}
