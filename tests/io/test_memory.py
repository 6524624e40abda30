from minidask.io import memory


def test_what_the_system_says(tmp_path):
    physical, free = memory.physical(), memory.free()
    assert physical is None or physical > 1 << 20
    assert free is None or physical is None or free <= physical
    assert memory.free(tmp_path / "none") is None
    info = tmp_path / "meminfo"
    info.write_text("MemTotal: 5 kB\nMemAvailable:    3 kB\n")
    assert memory.free(info) == 3072
    info.write_text("MemTotal: 5 kB\n")
    assert memory.free(info) is None


def test_limits_of_control_groups(tmp_path):
    assert memory.control_group(tmp_path) == []
    (tmp_path / "memory.max").write_text("1000000\n")
    assert memory.control_group(tmp_path) == [1_000_000]
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.control_group(tmp_path) == []


def test_the_least_counts(monkeypatch):
    for name in ("physical", "free"):
        monkeypatch.setattr(memory, name, lambda: None)
    for name in ("control_group", "process"):
        monkeypatch.setattr(memory, name, list)
    assert memory.available() is None
    monkeypatch.setattr(memory, "process", lambda: [70])
    monkeypatch.setattr(memory, "free", lambda: 50)
    assert memory.available() == 50
