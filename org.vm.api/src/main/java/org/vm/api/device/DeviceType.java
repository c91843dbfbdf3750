package org.vm.api.device;

/** What a device is for, for people who look. */
public enum DeviceType { BLOCK, NETWORK, GPU, INPUT, AUDIO, SERIAL, INTERRUPT_CONTROLLER, TIMER, ENTROPY, BUS, CUSTOM }
