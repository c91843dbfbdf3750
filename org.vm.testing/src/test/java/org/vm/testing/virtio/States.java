package org.vm.testing.virtio;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.state.DeviceState;

/** States that differ from what was captured. */
final class States {
    private States() {}

    /** With a field at a path ({@code "control/queues/0/size"}) set, or taken away ({@code null}). */
    static DeviceState with(DeviceState state, String path, Object value) {
        return (DeviceState) with((Object) state, path, value);
    }

    private static Object with(Object at, String path, Object value) {
        int slash = path.indexOf('/');
        String here = slash < 0 ? path : path.substring(0, slash);
        String rest = slash < 0 ? null : path.substring(slash + 1);
        if (at instanceof List<?> list) {
            List<Object> changed = new ArrayList<>(list);
            int index = Integer.parseInt(here);
            changed.set(index, rest == null ? value : with(changed.get(index), rest, value));
            return changed;
        }
        DeviceState state = (DeviceState) at;
        Map<String, Object> fields = new LinkedHashMap<>(state.fields());
        if (rest != null) {
            fields.put(here, with(fields.get(here), rest, value));
        } else if (value == null) {
            fields.remove(here);
        } else {
            fields.put(here, value);
        }
        return new DeviceState(state.kind(), state.version(), fields);
    }

    /** All paths of fields, those of nested states too. */
    static List<String> paths(DeviceState state) {
        List<String> paths = new ArrayList<>();
        collect(state, "", paths);
        return paths;
    }

    private static void collect(Object at, String prefix, List<String> paths) {
        if (at instanceof DeviceState state) {
            state.fields().forEach((name, value) -> {
                paths.add(prefix + name);
                collect(value, prefix + name + "/", paths);
            });
        } else if (at instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                collect(list.get(i), prefix + i + "/", paths);
            }
        }
    }

    /** Equal, arrays by their contents. */
    static boolean same(Object one, Object other) {
        if (one instanceof byte[] bytes) {
            return other instanceof byte[] others && Arrays.equals(bytes, others);
        }
        if (one instanceof List<?> list) {
            boolean same = other instanceof List<?> others && others.size() == list.size();
            for (int i = 0; same && i < list.size(); i++) {
                same = same(list.get(i), ((List<?>) other).get(i));
            }
            return same;
        }
        if (one instanceof DeviceState state) {
            return other instanceof DeviceState others && state.kind().equals(others.kind())
                    && state.version() == others.version() && state.fields().keySet().equals(others.fields().keySet())
                    && state.fields().keySet().stream().allMatch(name -> same(state.fields().get(name), others.fields().get(name)));
        }
        return one.equals(other);
    }
}
