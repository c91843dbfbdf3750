package org.vm.machine.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads a flattened device tree back, as strictly as the specification allows. */
final class FlattenedTree {
    /** Property values by path ({@code /cpus/cpu@0:reg}); nodes by path with an empty value. */
    final Map<String, byte[]> entries = new LinkedHashMap<>();

    FlattenedTree(byte[] blob) {
        ByteBuffer in = ByteBuffer.wrap(blob);
        check(in.getInt(0) == 0xd00dfeed, "magic");
        check(in.getInt(4) == blob.length, "total size");
        int structure = in.getInt(8);
        int strings = in.getInt(12);
        int reservations = in.getInt(16);
        check(in.getInt(20) == 17 && in.getInt(24) == 16, "version");
        check(reservations % 8 == 0 && structure % 4 == 0, "alignment");
        check(in.getLong(reservations) == 0 && in.getLong(reservations + 8) == 0, "reservations");
        check(structure + in.getInt(36) <= strings && strings + in.getInt(32) <= blob.length, "blocks");
        in.position(structure);
        check(in.getInt() == 1, "first token");
        node(in, strings, "");
        check(in.getInt() == 9 && in.position() == structure + in.getInt(36), "end");
    }

    private void node(ByteBuffer in, int strings, String parent) {
        String name = string(in, in.position());
        in.position(in.position() + name.length() + 1 + 3 & ~3);
        String path = name.isEmpty() ? "" : parent + "/" + name;
        check(entries.put(path.isEmpty() ? "/" : path, new byte[0]) == null, "node twice: " + path);
        boolean children = false;
        for (int token = in.getInt(); token != 2; token = in.getInt()) {
            if (token == 3) {
                check(!children, "property after child");
                byte[] value = new byte[in.getInt()];
                String property = string(in, strings + in.getInt());
                in.get(value);
                in.position(in.position() + 3 & ~3);
                check(entries.put(path + ":" + property, value) == null, "property twice: " + path + ":" + property);
            } else {
                check(token == 1, "token " + token);
                children = true;
                node(in, strings, path);
            }
        }
    }

    private static String string(ByteBuffer in, int at) {
        int end = at;
        while (in.get(end) != 0) {
            end++;
        }
        return new String(in.array(), at, end - at, StandardCharsets.UTF_8);
    }

    private static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError("flattened device tree: " + what);
        }
    }

    boolean has(String path) {
        return entries.containsKey(path);
    }

    String text(String path) {
        byte[] value = value(path);
        return new String(value, 0, value.length - 1, StandardCharsets.UTF_8).replace('\0', ' ');
    }

    int cell(String path, int index) {
        return ByteBuffer.wrap(value(path)).getInt(index * 4);
    }

    long cell64(String path, int index) {
        return ByteBuffer.wrap(value(path)).getLong(index * 8);
    }

    byte[] value(String path) {
        byte[] value = entries.get(path);
        check(value != null, "no " + path + " in " + entries.keySet());
        return value;
    }
}
