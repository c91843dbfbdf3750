package org.vm.api.state;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The state of a device as named fields. Readers give a default for each, which they get where the field is missing or is
 * of another type; fields that they do not know they leave alone. So any version reads what any other has written.
 *
 * @param kind    whose state it is ({@code "org.vm.device.riscv.uart"}); nobody else can take it
 * @param version of the fields' meaning; raised when a field comes to mean something else
 * @param fields  numbers ({@link Long}), texts, byte arrays, states and lists of states, in order; never changed
 */
public record DeviceState(String kind, int version, Map<String, Object> fields) {
    public DeviceState {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    public static Builder of(String kind, int version) {
        return new Builder(kind, version);
    }

    public long number(String name, long missing) {
        return fields.get(name) instanceof Long number ? number : missing;
    }

    public boolean flag(String name, boolean missing) {
        return number(name, missing ? 1 : 0) != 0;
    }

    public String text(String name, String missing) {
        return fields.get(name) instanceof String text ? text : missing;
    }

    /** A copy. */
    public byte[] bytes(String name, byte[] missing) {
        return fields.get(name) instanceof byte[] bytes ? bytes.clone() : missing;
    }

    public Optional<DeviceState> state(String name) {
        return fields.get(name) instanceof DeviceState state ? Optional.of(state) : Optional.empty();
    }

    /** Empty if there are none. */
    public List<DeviceState> states(String name) {
        return fields.get(name) instanceof List<?> list
                ? list.stream().filter(DeviceState.class::isInstance).map(DeviceState.class::cast).toList() : List.of();
    }

    /** Of one thread. */
    public static final class Builder {
        private final String kind;
        private final int version;
        private final Map<String, Object> fields = new LinkedHashMap<>();

        private Builder(String kind, int version) {
            this.kind = kind;
            this.version = version;
        }

        public Builder number(String name, long value) {
            fields.put(name, value);
            return this;
        }

        public Builder flag(String name, boolean value) {
            return number(name, value ? 1 : 0);
        }

        public Builder text(String name, String value) {
            fields.put(name, value);
            return this;
        }

        public Builder bytes(String name, byte[] value) {
            fields.put(name, value.clone());
            return this;
        }

        public Builder state(String name, DeviceState value) {
            fields.put(name, value);
            return this;
        }

        public Builder states(String name, List<DeviceState> value) {
            fields.put(name, List.copyOf(value));
            return this;
        }

        public DeviceState build() {
            return new DeviceState(kind, version, fields);
        }
    }
}
