package org.vm.device.virtio.internal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.DeviceException;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.device.DeviceType;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.Buffers;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;
import org.vm.device.virtio.internal.ConsolePort.Event;

/**
 * Console device with several ports (VirtIO 1.2, section 5.3). Port 0 is a terminal, and there from the start or never;
 * others come and go while the guest runs. Queues: 0 and 1 receive and transmit of port 0; 2 and 3 control; 2n+2 and
 * 2n+3 of port n.
 *
 * <pre>
 * struct virtio_console_config  { le16 cols; le16 rows; le32 max_nr_ports; le32 emerg_wr; };
 * struct virtio_console_control { le32 id; le16 event; le16 value; };
 * </pre>
 */
@Component(service = VirtioDevice.class, configurationPid = "org.vm.device.virtio.console",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Console.Config.class, factory = true)
public final class Console implements VirtioDevice, Stateful {
    @ObjectClassDefinition(name = "VirtIO console", description = "A terminal (/dev/hvc0) and byte streams beside it.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the console.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the device, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses.",
                required = false)
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "Interrupt source; -1: the machine chooses.")
        int irq() default -1;

        @AttributeDefinition(name = "Terminal", description = "Filter that selects the console behind port 0 (hvc0).")
        String console_target() default "(!(port=*))";

        @AttributeDefinition(name = "Ports", description = "Filter that selects the consoles behind further ports; each "
                + "appears in the guest as /dev/virtio-ports/PORT, PORT being its property port or else its name, while "
                + "its service is there.")
        String ports_target() default "(!(objectClass=*))";

        @AttributeDefinition(name = "Most ports", description = "Ports that there can be at a time, 1 to 31.")
        int maxPorts() default 4;
    }

    static final int F_SIZE = 0;
    static final int F_MULTIPORT = 1;
    static final int F_EMERG_WRITE = 2;

    private static final String KIND = "org.vm.device.virtio.console";
    private static final int DEVICE_READY = 0;
    private static final int PORT_READY = 3;
    private static final int PORT_OPEN = 6;

    private static final int CONTROL_RECEIVE = 2;
    private static final int CONTROL_TRANSMIT = 3;
    private static final int QUEUE_SIZE = 64;
    private static final int MAX_PORTS = 31;
    private static final Logger LOG = LoggerFactory.getLogger(Console.class);

    private final String name;
    /** Whether port 0 is there. */
    private final boolean terminal;
    /** Of the configuration, what cannot change. */
    private List<Object> settings = List.of();
    /** Guards itself, and what {@link ConsolePort} says. The console's own monitor keeps coming and going apart. */
    private final ConsolePort[] ports;
    private final ConfigSpace config = new ConfigSpace(12);
    private boolean driverReady;
    private volatile Activation activation;

    @Activate
    public Console(Config config, Map<String, Object> properties) {
        this(InstanceName.of(config.name(), properties), config.maxPorts(), true);
        settings = settings(config, properties);
    }

    /** @param maxPorts ports that there can be at a time, 1 to 31 */
    public Console(String name, ConsoleBackend terminal, int maxPorts) {
        this(name, maxPorts, true);
        ports[0] = new ConsolePort(0, name, terminal, this::listener);
    }

    private Console(String name, int maxPorts, boolean terminal) {
        if (maxPorts < 1 || maxPorts > MAX_PORTS) {
            throw new ConfigurationException("console '" + name + "' asks for " + maxPorts + " ports; 1 to " + MAX_PORTS
                    + " are possible");
        }
        this.name = name;
        this.terminal = terminal;
        this.ports = new ConsolePort[maxPorts];
        config.set(4, 4, maxPorts);
        if (terminal) {
            config.writable(8, 4, this::emergencyWrite);
        }
    }

    /** Without a terminal: byte streams only. */
    public static Console ofPorts(String name, int maxPorts) {
        return new Console(name, maxPorts, false);
    }

    private static List<Object> settings(Config config, Map<String, Object> properties) {
        return List.of(config.name(), config.vm(), config.base(), config.irq(), config.maxPorts(), properties.getOrDefault("bus", ""));
    }

    /** What can change while the guest uses the console is what is behind its ports. */
    @Modified
    void change(Config config, Map<String, Object> properties) {
        if (!settings.equals(settings(config, properties))) {
            throw new ConfigurationException("console '" + name + "' stays as and where it is; delete its configuration and write a new one");
        }
    }

    /** Puts a console behind port 0, or another one. What was typed at the one before and not read follows. */
    @Reference(name = "console", policy = ReferencePolicy.DYNAMIC)
    public synchronized void bindTerminal(ConsoleBackend next) {
        ConsolePort port = ports[0];
        if (port == null) {
            ports[0] = new ConsolePort(0, name, next, this::listener);
            return;
        }
        port.exchange(next).disconnect(port.listener);
        if (activation != null) {
            connect(port);
        }
    }

    void unbindTerminal(ConsoleBackend former) {
        // Another one is behind port 0 already, or the console goes.
    }

    @Reference(name = "ports", cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindPort(ConsoleBackend backend, Map<String, Object> properties) {
        addPort(portName(properties), backend);
    }

    static String portName(Map<String, Object> properties) {
        return String.valueOf(properties.getOrDefault("port", properties.get("name")));
    }

    void unbindPort(ConsoleBackend backend) {
        removePort(backend);
    }

    /**
     * Adds a port; the guest is told if it runs.
     *
     * @return its number
     */
    public synchronized int addPort(String portName, ConsoleBackend backend) {
        ConsolePort port = new ConsolePort(-1, portName, backend, this::listener);
        synchronized (ports) {
            seat(port, ports);
            if (driverReady) {
                port.owed.add(Event.DEVICE_ADD);
            }
        }
        if (activation != null) {
            connect(port);
            kick(CONTROL_RECEIVE);
        }
        return port.id;
    }

    /** Removes a port; not port 0. */
    public synchronized void removePort(ConsoleBackend backend) {
        ConsolePort port = null;
        synchronized (ports) {
            for (int id = 1; id < ports.length && port == null; id++) {
                port = ports[id] != null && ports[id].backend == backend ? ports[id] : null;
            }
            if (port == null) {
                return;
            }
            port.removed = true;
            port.open = false;
            boolean known = driverReady && !port.owed.contains(Event.DEVICE_ADD);
            port.owed.clear();
            if (known) {
                port.owed.add(Event.DEVICE_REMOVE);
            } else {
                ports[port.id] = null;
            }
        }
        backend.disconnect(port.listener);
        kick(CONTROL_RECEIVE);
    }

    private ConsoleBackend.Listener listener(ConsolePort port) {
        return new ConsoleBackend.Listener() {
            @Override
            public void inputAvailable() {
                kick(receiveQueue(port.id));
            }

            @Override
            public void resized(int columns, int rows) {
                Console.this.resized(port.id, columns, rows);
            }
        };
    }

    private static int receiveQueue(int port) {
        return port == 0 ? 0 : 2 * port + 2;
    }

    private void kick(int queue) {
        Activation now = activation;
        if (now != null) {
            now.kick(queue);
        }
    }

    private void connect(ConsolePort port) {
        try {
            port.backend.connect(port.listener);
            if (port.isConsole()) {
                resized(0, port.backend.columns(), port.backend.rows());
            }
            if (port.open) {
                port.tellOpen();
            }
        } catch (DeviceException e) {
            LOG.error("port {} of console {} gets no input: {}", port.id, name, e.getMessage());
        }
    }

    private void resized(int id, int columns, int rows) {
        if (id != 0) {
            return;
        }
        config.set(0, 2, columns).set(2, 2, rows);
        Activation now = activation;
        if (now == null || !now.has(F_SIZE)) {
            return;
        }
        if (!now.has(F_MULTIPORT)) {
            now.configChanged();
            return;
        }
        synchronized (ports) {
            if (ports[0].ready) {
                ports[0].owed.add(Event.RESIZE);
            }
        }
        now.kick(CONTROL_RECEIVE);
    }

    private void emergencyWrite(long character) {
        ports[0].backend.write(ByteBuffer.wrap(new byte[] {(byte) character}));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.SERIAL;
    }

    @Override
    public int deviceId() {
        return 3;
    }

    @Override
    public long features() {
        return 1L << F_MULTIPORT | (terminal ? 1L << F_SIZE | 1L << F_EMERG_WRITE : 0);
    }

    @Override
    public int[] queueSizes() {
        int[] sizes = new int[2 * ports.length + 2];
        Arrays.fill(sizes, QUEUE_SIZE);
        return sizes;
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public synchronized void activate(Activation started) {
        List<ConsolePort> present;
        synchronized (ports) {
            driverReady = false;
            for (int id = 0; id < ports.length; id++) {
                if (ports[id] != null) {
                    // Without control queues nobody says that port 0 is open.
                    ports[id].forgetDriver(id == 0 && !started.has(F_MULTIPORT));
                    ports[id] = ports[id].removed ? null : ports[id];
                }
            }
            present = present();
            activation = started;
        }
        for (ConsolePort port : present) {
            connect(port);
        }
    }

    @Override
    public synchronized void deactivate() {
        activation = null;
        List<ConsolePort> present;
        synchronized (ports) {
            driverReady = false;
            present = present();
        }
        for (ConsolePort port : present) {
            if (!port.removed) {
                port.backend.disconnect(port.listener);
            }
        }
    }

    /** With the port table. */
    private List<ConsolePort> present() {
        List<ConsolePort> present = new ArrayList<>();
        for (ConsolePort port : ports) {
            if (port != null) {
                present.add(port);
            }
        }
        return present;
    }

    @Override
    public DeviceState capture() {
        synchronized (ports) {
            List<DeviceState> states = new ArrayList<>();
            for (ConsolePort port : present()) {
                states.add(port.capture());
            }
            return DeviceState.of(KIND, 1).flag("driverReady", driverReady)
                    .number("columns", config.get(0, 2)).number("rows", config.get(2, 2)).states("ports", states).build();
        }
    }

    /**
     * Ports whose backends are here again keep their numbers, and the driver hears nothing of them; it hears of others that
     * have come, and of those that have gone.
     */
    @Override
    public synchronized void restore(DeviceState state) {
        Fields.require(state, KIND, name);
        if (activation == null) {
            return;
        }
        List<ConsolePort> open = new ArrayList<>();
        synchronized (ports) {
            driverReady = state.flag("driverReady", false);
            seat(state.states("ports"));
            boolean resized = state.number("columns", 0) != config.get(0, 2) || state.number("rows", 0) != config.get(2, 2);
            if (terminal && ports[0].ready && resized && activation.has(F_SIZE)) {
                ports[0].owed.add(Event.RESIZE);
            }
            for (ConsolePort port : present()) {
                if (port.open) {
                    open.add(port);
                }
            }
        }
        for (ConsolePort port : open) {
            port.tellOpen();
        }
    }

    /** With the port table: gives ports the numbers that the driver knows them by. */
    private void seat(List<DeviceState> known) {
        List<ConsolePort> others = present();
        others.remove(ports[0]);
        ConsolePort[] seats = new ConsolePort[ports.length];
        seats[0] = ports[0];
        for (DeviceState port : known) {
            long id = port.number("id", -1);
            if (id == 0 && terminal) {
                ports[0].restore(port);
            } else if (id > 0 && id < seats.length && seats[(int) id] == null) {
                seats[(int) id] = ConsolePort.successor((int) id, port, others, driverReady);
            }
        }
        for (ConsolePort port : others) {
            seat(port, seats);
            if (driverReady) {
                port.owed.add(Event.DEVICE_ADD);
            }
        }
        System.arraycopy(seats, 0, ports, 0, ports.length);
    }

    /** With the port table: gives a port a number. A port 0 that is no terminal would confuse drivers without multiport. */
    private void seat(ConsolePort port, ConsolePort[] seats) {
        int id = 1;
        while (id < seats.length && seats[id] != null) {
            id++;
        }
        if (id == seats.length) {
            throw new DeviceException("console '" + name + "' has no room for port '" + port.name + "': its maxPorts is "
                    + seats.length);
        }
        port.id = id;
        seats[id] = port;
    }

    @Override
    public void notify(int index) {
        Activation now = activation;
        Virtqueue queue = now == null ? null : now.queue(index);
        if (queue == null) {
            return;
        }
        boolean multiport = now.has(F_MULTIPORT);
        if (index == CONTROL_RECEIVE && multiport) {
            sendControl(queue);
        } else if (index == CONTROL_TRANSMIT && multiport) {
            receiveControl(queue);
        } else if (index < CONTROL_RECEIVE || multiport) {
            ConsolePort port;
            synchronized (ports) {
                port = ports[index < CONTROL_RECEIVE ? 0 : (index - 2) / 2];
            }
            if (index % 2 == 1) {
                ConsolePort.output(queue, port);
            } else if (port != null) {
                port.input(queue);
            }
        }
    }

    /** Control messages from the driver; unknown ports and events are ignored. */
    private void receiveControl(Virtqueue queue) {
        for (DescriptorChain chain = queue.poll(); chain != null; chain = queue.poll()) {
            Buffers from = chain.readable();
            if (from.size() >= ConsolePort.CONTROL_SIZE) {
                control(from.get32(), from.get16(), from.get16());
            }
            queue.complete(chain, 0);
        }
        kick(CONTROL_RECEIVE);
    }

    private void control(int id, int event, int value) {
        ConsolePort opened = null;
        synchronized (ports) {
            if (event == DEVICE_READY && value == 1) {
                driverReady = true;
                for (ConsolePort port : ports) {
                    if (port != null && !port.removed) {
                        port.owed.add(Event.DEVICE_ADD);
                    }
                }
                return;
            }
            ConsolePort port = id >= 0 && id < ports.length ? ports[id] : null;
            if (port == null || port.removed) {
                return;
            }
            if (event == PORT_READY) {
                port.ready = value == 1;
                if (port.ready) {
                    port.owed.add(Event.PORT_NAME);
                    port.owed.add(Event.PORT_OPEN);
                    if (port.isConsole()) {
                        port.owed.add(Event.CONSOLE_PORT);
                        port.owed.add(Event.RESIZE);
                    }
                }
            } else if (event == PORT_OPEN) {
                port.open = value == 1;
                opened = port;
            }
        }
        if (opened != null) {
            opened.tellOpen();
        }
        kick(receiveQueue(id));
    }

    /** Tells the driver what it is owed, as long as it gives buffers for it. */
    private void sendControl(Virtqueue queue) {
        while (anythingOwed()) {
            DescriptorChain chain = queue.poll();
            if (chain == null) {
                return;
            }
            byte[] message = nextMessage();
            queue.complete(chain, message == null ? 0 : chain.writable().put(message));
        }
    }

    private boolean anythingOwed() {
        synchronized (ports) {
            for (ConsolePort port : ports) {
                if (port != null && !port.owed.isEmpty()) {
                    return true;
                }
            }
            return false;
        }
    }

    private byte[] nextMessage() {
        synchronized (ports) {
            for (ConsolePort port : ports) {
                if (port != null && !port.owed.isEmpty()) {
                    Event event = port.owed.iterator().next();
                    port.owed.remove(event);
                    if (event == Event.DEVICE_REMOVE) {
                        ports[port.id] = null;
                    }
                    return port.message(event, (int) config.get(0, 2), (int) config.get(2, 2));
                }
            }
            return null;
        }
    }

    @Override
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        if (terminal) {
            info.put("size", config.get(0, 2) + " columns, " + config.get(2, 2) + " rows");
        }
        synchronized (ports) {
            for (ConsolePort port : ports) {
                if (port != null) {
                    info.put("port " + port.id, port.name + " (" + port.backend.description() + ")"
                            + (port.open ? ", open" : ""));
                }
            }
        }
        return info;
    }
}
