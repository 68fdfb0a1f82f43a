#include "runner/task.hpp"

#include <doctest/doctest.h>

#include "tests/runner/toy_task.hpp"

using namespace pushforward::runner;

TEST_CASE("task: a struct of structs becomes a task with one shape") {
  Registry registry;
  registry.add<test::ToyTask>();
  const Task* task = registry.find("test.walk");
  REQUIRE(task != nullptr);
  CHECK(registry.find("test.run") == nullptr);
  CHECK(task->random());
  const ShapeField* solver = task->shape().find("solver");
  REQUIRE(solver != nullptr);
  const ShapeField* epsilon = solver->shape.find("epsilon");
  REQUIRE(epsilon != nullptr);
  CHECK(epsilon->preset == Json(0.05));
  CHECK(epsilon->help == "size of an increment");
  CHECK(epsilon->shape.bound.text() == "greater than 0");
  CHECK(solver->shape.find("cap")->preset == Json(std::numeric_limits<double>::infinity()));
}

TEST_CASE("task: a struct written as JSON reads back to the same JSON") {
  const Json written = JsonType<test::ToyTask::Problem>::write({});
  CHECK(written.at("/source/type")->string() == "gaussian");
  CHECK(written.at("/start")->is_null());
  CHECK(JsonType<test::ToyTask::Problem>::write(JsonType<test::ToyTask::Problem>::read(written)) ==
        written);
  Json box = Json::object();
  box.set("type", "uniform_box");
  box.set("half_width", 2.5);
  const auto law = JsonType<std::variant<test::Gaussian, test::Box>>::read(box);
  CHECK(std::get<test::Box>(law).half_width == 2.5);
}
