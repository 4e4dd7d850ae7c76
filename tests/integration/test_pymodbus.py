"""What a program with pymodbus does: reads, writes, refusals, identification."""
import struct

import pytest
from conftest import wait_for
from pymodbus.client import ModbusSerialClient
from pymodbus.mei_message import ReadDeviceInformationRequest
from pymodbus.other_message import ReportSlaveIdRequest


@pytest.fixture
def client(bus, simulated):
    one = ModbusSerialClient(simulated.link, baudrate=19200, timeout=10)
    assert one.connect()
    yield one
    one.close()


def test_a_setting_is_written_and_read_back(client):
    assert not client.write_register(130, 250, slave=1).isError()
    assert client.read_holding_registers(130, 1, slave=1).registers == [250]
    reply = client.write_registers(141, [15, 35, 100], slave=1)
    assert (reply.address, reply.count) == (141, 3)
    assert client.read_input_registers(141, 3, slave=1).registers == [15, 35, 100]


@pytest.mark.parametrize("address,value,code", [(130, 0, 3), (134, 1, 2), (178, 1, 2), (52, 1, 2)])
def test_a_refusal_is_an_exception_response(client, address, value, code):
    reply = client.write_register(address, value, slave=1)
    assert reply.isError() and reply.exception_code == code


def test_coils_and_inputs_are_no_functions_of_a_meter(client):
    for read in (client.read_coils, client.read_discrete_inputs):
        reply = read(0, 8, slave=1)
        assert reply.isError() and reply.exception_code == 1


def test_a_32_bit_energy_is_read_as_one_number(client):
    def attempt():
        floats = client.read_holding_registers(256, 2, slave=1).registers
        words = client.read_holding_registers(0, 2, slave=1).registers
        return (words, floats) if client.read_holding_registers(256, 2, slave=1).registers == floats else None
    words, floats = wait_for(attempt, "three reads in one second")
    units = struct.unpack(">I", struct.pack(">2H", *words))[0]
    kwh = struct.unpack(">f", struct.pack(">2H", *floats))[0]
    assert -1e-3 <= kwh * 100 - units < 1 + 1e-3     # of 0.01 kWh, rounded down


def test_the_slave_id_is_reported(client):
    reply = client.execute(ReportSlaveIdRequest(unit=1))
    # pymodbus takes the run indicator for a part of the identifier, and the last byte for the indicator.
    assert reply.identifier == bytes([247, 0xFF]) + b"Leviton Series 4000K Power Meter Full Data Set"


def test_the_device_is_identified(client):
    reply = client.execute(ReadDeviceInformationRequest(1, 0, unit=1))
    assert not reply.isError(), reply
    assert reply.information == {0: b"Leviton", 1: b"Series 4000", 2: b"V12.345"}
    assert reply.conformity == 1
