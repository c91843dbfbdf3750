package org.vm.machine.internal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.vm.api.device.DeviceTreeNode;

/** A device tree and its flattened form, version 17 (Devicetree Specification 0.4, chapter 5). */
public final class DeviceTree {
    private static final int MAGIC = 0xd00dfeed;
    private static final int VERSION = 17;
    private static final int COMPATIBLE_VERSION = 16;
    private static final int HEADER_SIZE = 40;
    private static final int BEGIN_NODE = 1;
    private static final int END_NODE = 2;
    private static final int PROPERTY = 3;
    private static final int END = 9;

    private final Node root = new Node(null, "");
    private final int cpus;
    private final boolean builtinFirmware;
    private int phandles;
    private DeviceTreeNode controller;
    private IntFunction<int[]> specifiers;
    private DeviceTreeNode messageController;

    /** @param builtinFirmware see {@link DeviceTreeNode#builtinFirmware()} */
    public DeviceTree(int cpus, boolean builtinFirmware) {
        this.cpus = cpus;
        this.builtinFirmware = builtinFirmware;
    }

    public DeviceTreeNode root() {
        return root;
    }

    /** The node of a CPU, which holds its local interrupt controller. */
    public DeviceTreeNode cpu(int cpu) {
        return root.child("cpus").child("cpu@" + Integer.toHexString(cpu));
    }

    /**
     * The controller that devices' interrupts are wired to.
     *
     * @param specifier the cells that name a source
     */
    public void interruptController(DeviceTreeNode node, IntFunction<int[]> specifier) {
        controller = node;
        specifiers = specifier;
    }

    /** The controller that devices send interrupt messages to. */
    public void messageController(DeviceTreeNode node) {
        messageController = node;
    }

    /** The flattened tree. */
    public byte[] flatten() {
        Output structure = new Output();
        Strings strings = new Strings();
        write(root, structure, strings);
        structure.cell(END);
        byte[] block = structure.bytes();
        byte[] names = strings.out.toByteArray();
        int reservations = HEADER_SIZE;
        int structureAt = reservations + 16;
        int stringsAt = structureAt + block.length;
        int total = stringsAt + names.length + 7 & ~7;
        return ByteBuffer.allocate(total).putInt(MAGIC).putInt(total).putInt(structureAt).putInt(stringsAt)
                .putInt(reservations).putInt(VERSION).putInt(COMPATIBLE_VERSION).putInt(0).putInt(names.length)
                .putInt(block.length).putLong(0).putLong(0).put(block).put(names).array();
    }

    private static void write(Node node, Output out, Strings strings) {
        out.cell(BEGIN_NODE);
        out.string(node.name);
        out.align();
        node.properties.forEach((name, value) -> {
            out.cell(PROPERTY);
            out.cell(value.length);
            out.cell(strings.offset(name));
            out.writeBytes(value);
            out.align();
        });
        for (Node child : node.children) {
            write(child, out, strings);
        }
        out.cell(END_NODE);
    }

    private static final class Output extends ByteArrayOutputStream {
        void cell(int value) {
            writeBytes(ByteBuffer.allocate(4).putInt(value).array());
        }

        void string(String text) {
            writeBytes(text.getBytes(StandardCharsets.UTF_8));
            write(0);
        }

        void align() {
            while (size() % 4 != 0) {
                write(0);
            }
        }

        byte[] bytes() {
            return toByteArray();
        }
    }

    /** The names of properties, each once. */
    private static final class Strings {
        private final Output out = new Output();
        private final Map<String, Integer> offsets = new LinkedHashMap<>();

        int offset(String name) {
            return offsets.computeIfAbsent(name, n -> {
                int at = out.size();
                out.string(n);
                return at;
            });
        }
    }

    private final class Node implements DeviceTreeNode {
        private final Node parent;
        private final String name;
        private final Map<String, byte[]> properties = new LinkedHashMap<>();
        private final List<Node> children = new ArrayList<>();
        private int phandle;

        Node(Node parent, String name) {
            this.parent = parent;
            this.name = name;
        }

        @Override
        public DeviceTreeNode flag(String property) {
            return bytes(property, new byte[0]);
        }

        @Override
        public DeviceTreeNode text(String property, String... values) {
            Output out = new Output();
            for (String value : values) {
                out.string(value);
            }
            return bytes(property, out.bytes());
        }

        @Override
        public DeviceTreeNode cells(String property, int... values) {
            ByteBuffer buffer = ByteBuffer.allocate(values.length * 4);
            for (int value : values) {
                buffer.putInt(value);
            }
            return bytes(property, buffer.array());
        }

        @Override
        public DeviceTreeNode cells64(String property, long... values) {
            ByteBuffer buffer = ByteBuffer.allocate(values.length * 8);
            for (long value : values) {
                buffer.putLong(value);
            }
            return bytes(property, buffer.array());
        }

        @Override
        public DeviceTreeNode bytes(String property, byte[] value) {
            properties.put(property, value.clone());
            return this;
        }

        @Override
        public DeviceTreeNode child(String path) {
            if (path.startsWith("/")) {
                DeviceTreeNode node = root;
                for (String step : path.substring(1).split("/")) {
                    node = node.child(step);
                }
                return node;
            }
            for (Node child : children) {
                if (child.name.equals(path)) {
                    return child;
                }
            }
            Node child = new Node(this, path);
            children.add(child);
            return child;
        }

        @Override
        public int phandle() {
            if (phandle == 0) {
                phandle = ++phandles;
                cells("phandle", phandle);
            }
            return phandle;
        }

        @Override
        public int cpuInterruptController(int cpu) {
            return DeviceTree.this.cpu(cpu).child("interrupt-controller").phandle();
        }

        @Override
        public int[] interrupt(int source) {
            return controller == null ? new int[0]
                    : IntStream.concat(IntStream.of(controller.phandle()), IntStream.of(specifiers.apply(source))).toArray();
        }

        @Override
        public int messageController() {
            return messageController == null ? 0 : messageController.phandle();
        }

        @Override
        public boolean builtinFirmware() {
            return builtinFirmware;
        }

        @Override
        public int cpus() {
            return cpus;
        }

        @Override
        public String path() {
            if (parent == null) {
                return "/";
            }
            return (parent == root ? "" : parent.path()) + "/" + name;
        }
    }
}
